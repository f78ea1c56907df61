// Types letters at the end of a text with Yjs, and prints for each one the message that a client of
// y-websocket sends for it, in hexadecimal digits: sync (0), update (2), length, update.
//
//   node record.mjs COUNT

import * as Y from 'yjs';

const kSync = 0;
const kUpdate = 2;

function varUint(number) {
  const bytes = [];
  for (; number > 0x7f; number >>>= 7) bytes.push(0x80 | (number & 0x7f));
  return [...bytes, number];
}

const lines = [];
const doc = new Y.Doc();
doc.on('update', (update) => {
  const message = Buffer.from([kSync, kUpdate, ...varUint(update.length), ...update]);
  lines.push(message.toString('hex'));
});
const text = doc.getText('text');
const count = Number(process.argv[2]);
for (let i = 0; i < count; i++) text.insert(i, String.fromCharCode(97 + (i % 26)));
console.log(lines.join('\n'));
