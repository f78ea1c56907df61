//! Orswot of the library crdts: an add, the join of a set of one element into a large one, and the
//! memory of an element.

use crdts::{CmRDT, CvRDT, Orswot};
use peer_shared::{heap_bytes, Counting};
use std::time::Instant;

#[global_allocator]
static HEAP: Counting = Counting;

const ELEMENTS: u64 = 100_000;
const JOINS: u64 = 20;

fn main() {
    let heap = heap_bytes();
    let mut set: Orswot<u64, u32> = Orswot::new();
    let begin = Instant::now();
    for element in 0..ELEMENTS {
        let context = set.read_ctx().derive_add_ctx(1);
        set.apply(set.add(element, context));
    }
    let add_ns = begin.elapsed().as_secs_f64() * 1e9 / ELEMENTS as f64;
    let bytes = (heap_bytes() - heap) as f64 / ELEMENTS as f64;

    let others: Vec<Orswot<u64, u32>> = (0..JOINS)
        .map(|i| {
            let mut other = Orswot::new();
            let context = other.read_ctx().derive_add_ctx(2 + i as u32);
            other.apply(other.add(ELEMENTS + i, context));
            other
        })
        .collect();
    let begin = Instant::now();
    for other in others {
        set.merge(other);
    }
    let join_ns = begin.elapsed().as_secs_f64() * 1e9 / JOINS as f64;
    let size = set.read().val.len() as u64;
    let ok = size == ELEMENTS + JOINS;
    println!(
        "{{\"lib\":\"crdts\",\"version\":\"7.3.2\",\"elements\":{ELEMENTS},\"add_ns\":{add_ns},\
         \"join_ns\":{join_ns},\"bytes_per_element\":{},\"ok\":{ok}}}",
        bytes - 8.0
    );
    if !ok {
        std::process::exit(1);
    }
}
