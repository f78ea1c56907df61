//! The library automerge.

use automerge::transaction::Transactable;
use automerge::{ActorId, AutoCommit, Change, ObjId, ObjType, ReadDoc, TextEncoding, ROOT};
use peer_shared::{run, Counting, Replica};

#[global_allocator]
static HEAP: Counting = Counting;

struct Automerge {
    doc: AutoCommit,
    text: ObjId,
}

/// All replicas begin with the same change, which makes the text.
fn open(agent: usize) -> Automerge {
    let mut doc = AutoCommit::new_with_encoding(TextEncoding::UnicodeCodePoint);
    doc.set_actor(ActorId::from(&[0u8; 16][..]));
    let text = doc.put_object(ROOT, "text", ObjType::Text).expect("a text");
    doc.commit_with(automerge::transaction::CommitOptions::default().with_time(0));
    let mut actor = [0u8; 16];
    actor[0] = 1;
    actor[8..].copy_from_slice(&(agent as u64).to_be_bytes());
    doc.set_actor(ActorId::from(&actor[..]));
    Automerge { doc, text }
}

impl Replica for Automerge {
    type Update = Change;
    fn new(agent: usize) -> Self {
        open(agent)
    }
    fn edit(&mut self, patches: &[(usize, usize, String)], out: &mut Vec<Change>) {
        for (position, removed, inserted) in patches {
            self.doc
                .splice_text(&self.text, *position, *removed as isize, inserted)
                .expect("an edit");
            self.doc.commit();
            out.push(self.doc.get_last_local_change().expect("a change"));
        }
    }
    fn apply(&mut self, update: &Change) {
        self.doc.apply_changes([update.clone()]).expect("applied");
    }
    // A call takes time in proportion to the whole text, also for a single change.
    const TOGETHER: usize = 1_000;
    fn apply_all(&mut self, updates: &[&Change]) {
        let changes = updates.iter().map(|update| (*update).clone());
        self.doc.apply_changes(changes).expect("applied");
    }
    fn text(&self) -> String {
        self.doc.text(&self.text).expect("a text")
    }
    fn save(&mut self) -> Vec<u8> {
        self.doc.save()
    }
    fn load(bytes: &[u8]) -> String {
        let doc = AutoCommit::load(bytes).expect("a document");
        let (_, text) = doc.get(ROOT, "text").expect("read").expect("a text");
        doc.text(&text).expect("a text")
    }
    fn size(update: &Change) -> usize {
        update.raw_bytes().len()
    }
}

fn main() {
    run::<Automerge>("automerge", "0.12.0");
}
