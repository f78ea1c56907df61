//! The library loro.

use loro::{ExportMode, LoroDoc, LoroText, Subscription};
use peer_shared::{run, Counting, Replica};
use std::sync::{Arc, Mutex};

#[global_allocator]
static HEAP: Counting = Counting;

struct Loro {
    doc: LoroDoc,
    text: LoroText,
    made: Arc<Mutex<Vec<Vec<u8>>>>,
    _subscription: Option<Subscription>,
}

fn open(doc: LoroDoc) -> Loro {
    let text = doc.get_text("text");
    let made = Arc::new(Mutex::new(Vec::new()));
    Loro { doc, text, made, _subscription: None }
}

impl Replica for Loro {
    type Update = Vec<u8>;
    fn new(agent: usize) -> Self {
        let mut replica = open(LoroDoc::new());
        replica.doc.set_peer_id(agent as u64 + 1).expect("a peer id");
        let made = replica.made.clone();
        replica._subscription = Some(replica.doc.subscribe_local_update(Box::new(move |bytes| {
            made.lock().unwrap().push(bytes.clone());
            true
        })));
        replica
    }
    fn edit(&mut self, patches: &[(usize, usize, String)], out: &mut Vec<Vec<u8>>) {
        for (position, removed, inserted) in patches {
            if *removed > 0 {
                self.text.delete(*position, *removed).expect("deleted");
            }
            if !inserted.is_empty() {
                self.text.insert(*position, inserted).expect("inserted");
            }
            self.doc.commit();
        }
        out.append(&mut self.made.lock().unwrap());
    }
    fn apply(&mut self, update: &Vec<u8>) {
        self.doc.import(update).expect("imported");
    }
    fn text(&self) -> String {
        self.text.to_string()
    }
    fn save(&mut self) -> Vec<u8> {
        self.doc.export(ExportMode::Snapshot).expect("a snapshot")
    }
    fn load(bytes: &[u8]) -> String {
        open(LoroDoc::from_snapshot(bytes).expect("a snapshot")).text()
    }
    fn size(update: &Vec<u8>) -> usize {
        update.len()
    }
}

fn main() {
    run::<Loro>("loro", "1.17.1");
}
