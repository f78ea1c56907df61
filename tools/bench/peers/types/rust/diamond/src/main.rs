//! The library diamond-types. It keeps operations and makes updates of ranges of them. In sequential
//! traces the local time is that of the edits alone; the updates are made in a second pass. In
//! concurrent traces every edit makes its update at once.

use diamond_types::list::encoding::{ENCODE_FULL, ENCODE_PATCH};
use diamond_types::list::ListCRDT;
use peer_shared::{run, Counting, Replica, Trace};

#[global_allocator]
static HEAP: Counting = Counting;

struct Diamond {
    doc: ListCRDT,
    agent: u32,
    emits: bool,
}

impl Replica for Diamond {
    type Update = Vec<u8>;
    fn new(agent: usize) -> Self {
        let mut doc = ListCRDT::new();
        let agent = doc.get_or_create_agent_id(&format!("agent{agent}"));
        Diamond { doc, agent, emits: true }
    }
    fn edit(&mut self, patches: &[(usize, usize, String)], out: &mut Vec<Vec<u8>>) {
        for (position, removed, inserted) in patches {
            let before = self.emits.then(|| self.doc.oplog.local_version());
            if *removed > 0 {
                self.doc.delete_without_content(self.agent, *position..*position + *removed);
            }
            if !inserted.is_empty() {
                self.doc.insert(self.agent, *position, inserted);
            }
            if let Some(before) = before {
                out.push(self.doc.oplog.encode_from(ENCODE_PATCH, &before));
            }
        }
    }
    fn apply(&mut self, update: &Vec<u8>) {
        self.doc.merge_data_and_ff(update).expect("merged");
    }
    fn text(&self) -> String {
        self.doc.branch.content().to_string()
    }
    fn save(&mut self) -> Vec<u8> {
        self.doc.oplog.encode(ENCODE_FULL)
    }
    fn load(bytes: &[u8]) -> String {
        ListCRDT::load_from(bytes).expect("a document").branch.content().to_string()
    }
    fn size(update: &Vec<u8>) -> usize {
        update.len()
    }
    fn emit_at_once(&mut self, on: bool) {
        self.emits = on;
    }
    fn late_updates(trace: &Trace) -> Option<Vec<Vec<Vec<u8>>>> {
        let mut replica = Diamond::new(0);
        let steps = trace.steps.iter().map(|step| {
            let mut out = Vec::new();
            replica.edit(&step.patches, &mut out);
            out
        });
        Some(steps.collect())
    }
}

fn main() {
    run::<Diamond>("diamond-types", "1.0.0");
}
