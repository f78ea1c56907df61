//! What the programs of all libraries share: they read a trace, type it into replicas of the
//! library, apply the updates one by one to an empty replica, and print one line of JSON.
//!
//! Concurrent traces: every agent has a replica. Before a step it applies those updates below the
//! parents of the step that it lacks.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Counts the bytes on the heap.
pub struct Counting;
static IN_USE: AtomicUsize = AtomicUsize::new(0);
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        System.dealloc(at, layout)
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        IN_USE.fetch_add(size, Ordering::Relaxed);
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        System.realloc(at, layout, size)
    }
}
pub fn heap_bytes() -> usize {
    IN_USE.load(Ordering::Relaxed)
}

#[derive(serde::Deserialize)]
struct File {
    #[serde(default, rename = "startContent")]
    start: String,
    #[serde(rename = "endContent")]
    end: String,
    txns: Vec<Txn>,
}

#[derive(serde::Deserialize)]
struct Txn {
    parents: Option<Vec<usize>>,
    #[serde(default)]
    agent: usize,
    patches: Vec<(usize, usize, String)>,
}

pub struct Step {
    pub agent: usize,
    pub before: Vec<usize>, // steps whose updates the agent applies first
    pub patches: Vec<(usize, usize, String)>,
}

pub struct Trace {
    pub steps: Vec<Step>,
    pub agents: usize,
    pub end: String,
    pub edits: usize,
    pub inserted: usize, // code points
}

pub fn read_trace(path: &str) -> Trace {
    let bytes = std::fs::read(path).expect("read the trace");
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("unpack");
    } else {
        text = String::from_utf8(bytes).expect("UTF-8");
    }
    let mut file: File = serde_json::from_str(&text).expect("a trace");
    if !file.start.is_empty() {
        assert!(file.txns.iter().all(|txn| txn.parents.is_none()), "a start in a concurrent trace");
        let start = std::mem::take(&mut file.start);
        file.txns.insert(0, Txn { parents: None, agent: 0, patches: vec![(0, 0, start)] });
    }
    let agents = file.txns.iter().map(|txn| txn.agent + 1).max().unwrap_or(1);
    let mut has = vec![vec![false; file.txns.len()]; agents];
    let mut parents = Vec::new();
    let mut steps: Vec<Step> = Vec::new();
    for (number, txn) in file.txns.into_iter().enumerate() {
        let own = txn.parents.unwrap_or_else(|| number.checked_sub(1).into_iter().collect());
        let known = &mut has[txn.agent];
        let mut before = Vec::new();
        let mut left = own.clone();
        while let Some(step) = left.pop() {
            if std::mem::replace(&mut known[step], true) {
                continue;
            }
            before.push(step);
            left.extend(&parents[step] as &Vec<usize>);
        }
        before.sort();
        known[number] = true;
        parents.push(own);
        steps.push(Step { agent: txn.agent, before, patches: txn.patches });
    }
    let edits = steps.iter().map(|step| step.patches.len()).sum();
    let inserted = steps.iter().flat_map(|s| &s.patches).map(|p| p.2.chars().count()).sum();
    Trace { steps, agents, end: file.end, edits, inserted }
}

/// One replica of a library.
pub trait Replica: Sized {
    type Update;
    fn new(agent: usize) -> Self;
    /// Types the patches of one step, each as an edit of its own; returns what others receive.
    fn edit(&mut self, patches: &[(usize, usize, String)], out: &mut Vec<Self::Update>);
    fn apply(&mut self, update: &Self::Update);
    /// How many updates are applied together where they are applied one by one with the others.
    const TOGETHER: usize = 1;
    fn apply_all(&mut self, updates: &[&Self::Update]) {
        updates.iter().for_each(|update| self.apply(update));
    }
    fn text(&self) -> String;
    fn save(&mut self) -> Vec<u8>;
    /// Reads the stored document until its whole text is there.
    fn load(bytes: &[u8]) -> String;
    fn size(update: &Self::Update) -> usize;
    /// For a library that makes updates of edits at another time: `on` is false for a sequential
    /// trace, and late_updates() then makes them.
    fn emit_at_once(&mut self, _on: bool) {}
    fn late_updates(_trace: &Trace) -> Option<Vec<Vec<Self::Update>>> {
        None
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub fn run<R: Replica>(lib: &str, version: &str) {
    let path = std::env::args().nth(1).expect("usage: PROGRAM TRACE");
    let trace = read_trace(&path);
    let mut replicas: Vec<R> = (0..trace.agents).map(R::new).collect();
    replicas.iter_mut().for_each(|replica| replica.emit_at_once(trace.agents > 1));
    let mut updates: Vec<Vec<R::Update>> = Vec::with_capacity(trace.steps.len());
    let mut local = Duration::ZERO;
    let mut number = 0;
    while number < trace.steps.len() {
        let agent = trace.steps[number].agent;
        let replica = &mut replicas[agent];
        let before = &trace.steps[number].before;
        let received: Vec<&R::Update> = before.iter().flat_map(|step| &updates[*step]).collect();
        if !received.is_empty() {
            replica.apply_all(&received);
        }
        let begin = Instant::now();
        loop {
            let step = &trace.steps[number];
            let mut out = Vec::with_capacity(step.patches.len());
            replica.edit(&step.patches, &mut out);
            updates.push(out);
            number += 1;
            let next = trace.steps.get(number);
            if !next.is_some_and(|next| next.agent == agent && next.before.is_empty()) {
                break;
            }
        }
        local += begin.elapsed();
    }
    let mut ok = trace.agents > 1 || replicas[0].text() == trace.end;
    if trace.agents == 1 {
        if let Some(late) = R::late_updates(&trace) {
            updates = late;
        }
    }
    drop(replicas);

    let all: Vec<&R::Update> = updates.iter().flatten().collect();
    let heap = heap_bytes();
    let mut remote = R::new(trace.agents);
    let begin = Instant::now();
    for together in all.chunks(R::TOGETHER) {
        remote.apply_all(together);
    }
    let remote_ms = millis(begin.elapsed());
    let memory = heap_bytes() - heap;
    ok &= remote.text() == trace.end;
    let stored = remote.save();
    let begin = Instant::now();
    let text = R::load(&stored);
    let load_ms = millis(begin.elapsed());
    ok &= text == trace.end;
    let bytes: usize = updates.iter().flatten().map(R::size).sum();
    println!(
        "{}",
        serde_json::json!({
            "lib": lib, "version": version, "edits": trace.edits, "local_ms": millis(local),
            "remote_ms": remote_ms, "load_ms": load_ms, "stored_bytes": stored.len(),
            "bytes_per_edit": bytes as f64 / trace.edits as f64, "ok": ok,
            "together": R::TOGETHER, "memory_per_char": memory as f64 / trace.inserted as f64,
        })
    );
    if !ok {
        std::process::exit(1);
    }
}
