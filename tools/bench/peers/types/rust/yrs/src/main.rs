//! The library yrs.

use peer_shared::{run, Counting, Replica};
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::{Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact, Update};

#[global_allocator]
static HEAP: Counting = Counting;

struct Yrs {
    doc: Doc,
    text: TextRef,
}

fn open(agent: usize) -> Yrs {
    let mut options = Options::with_client_id(ClientID::new(agent as u64 + 1));
    options.offset_kind = OffsetKind::Utf16;
    let doc = Doc::with_options(options);
    let text = doc.get_or_insert_text("text");
    Yrs { doc, text }
}

impl Replica for Yrs {
    type Update = Vec<u8>;
    fn new(agent: usize) -> Self {
        open(agent)
    }
    // Positions are units of UTF-16; the traces with other characters than those of one unit are not
    // measured with this library.
    fn edit(&mut self, patches: &[(usize, usize, String)], out: &mut Vec<Vec<u8>>) {
        for (position, removed, inserted) in patches {
            let mut txn = self.doc.transact_mut();
            if *removed > 0 {
                self.text.remove_range(&mut txn, *position as u32, *removed as u32);
            }
            if !inserted.is_empty() {
                self.text.insert(&mut txn, *position as u32, inserted);
            }
            out.push(txn.encode_update_v1());
        }
    }
    fn apply(&mut self, update: &Vec<u8>) {
        let update = Update::decode_v1(update).expect("an update");
        self.doc.transact_mut().apply_update(update).expect("applied");
    }
    fn text(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }
    fn save(&mut self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }
    fn load(bytes: &[u8]) -> String {
        let mut replica = open(1_000);
        replica.apply(&bytes.to_vec());
        replica.text()
    }
    fn size(update: &Vec<u8>) -> usize {
        update.len()
    }
}

fn main() {
    run::<Yrs>("yrs", "0.28.1");
}
