// The edits that a part of the page shows on top of what it has read: those that wait, and those
// that the agent has stored since the reading began.

export class Overlay {
  // `mine(record)`: whether the record belongs to the part. `changed()`: show again. `stored()`: one
  // of them was stored, read again.
  constructor(queue, mine, { changed, stored }) {
    this.queue = queue;
    this.mine = mine;
    this.settling = [];
    queue.watch({
      changed,
      sent: (record) => {
        if (!mine(record)) return;
        this.settling.push(record);
        stored();
      },
    });
  }

  // In the order in which they were made.
  records() {
    const waiting = this.queue.records.filter((record) => this.mine(record) && record.state !== "refused");
    const numbers = new Set(waiting.map(({ number }) => number));
    return [...this.settling.filter(({ number }) => !numbers.has(number)), ...waiting];
  }

  get waiting() { return this.queue.records.filter((record) => this.mine(record) && record.state !== "refused").length; }

  // What `read` gives has every edit that was stored before.
  async reading(read) {
    const before = new Set(this.settling);
    const answer = await read();
    this.settling = this.settling.filter((record) => !before.has(record));
    return answer;
  }
}
