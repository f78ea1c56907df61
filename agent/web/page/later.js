// Reads for a part of the page: a moment after the first of many reasons, never twice at the same
// time, and only while the part is shown. A part that is shown again calls by itself.

export class Later {
  constructor(section, millis, work) {
    this.section = section;
    this.millis = millis;
    this.work = work;
  }

  call() {
    if (this.timer || this.section.hidden) return;
    this.timer = setTimeout(() => this.run(), this.millis);
  }

  async run() {
    if (this.running) {
      this.timer = setTimeout(() => this.run(), this.millis);
      return;
    }
    this.timer = null;
    this.running = true;
    try {
      await this.work();
    } finally {
      this.running = false;
    }
  }
}
