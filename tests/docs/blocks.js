// The calls of a page: fenced blocks of the language `console`.
//
// A line `$ COMMAND` is a command; what follows up to the next one is its answer. A line that begins with
// two spaces goes on with the line before: a command after a space, an answer without one. In an answer `…`
// stands for any text within a line, and a line `…` for any number of lines.

// [{ line, command, answer: [lines] }]; `line` is where the command stands.
export function readCalls(text) {
  const calls = [];
  let inside = false;
  text.split("\n").forEach((row, index) => {
    const line = index + 1;
    if (row.startsWith("```")) {
      inside = !inside && row === "```console";
      return;
    }
    if (!inside) return;
    if (row.startsWith("$ ")) {
      calls.push({ line, command: row.slice(2), answer: [] });
      return;
    }
    const call = calls.at(-1);
    if (!call) throw new Error(`line ${line}: a block begins with a line "$ COMMAND"`);
    const goesOn = row.startsWith("  ");
    if (!goesOn) {
      call.answer.push(row);
    } else if (call.answer.length > 0) {
      call.answer.push(call.answer.pop() + row.trimStart());
    } else {
      call.command = `${call.command.replace(/ *\\$/, "")} ${row.trimStart()}`;
    }
  });
  return calls;
}

// A pattern for an answer from its start on, of which every line ends with a newline.
function patternOf(answer) {
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const rows = answer.map((row) => (row === "…" ? "(?:.*\n)*?" : `${row.split("…").map(escaped).join(".*")}\n`));
  return `^${rows.join("")}`;
}

// An answer as the page writes it: lines end with a newline, the last one too.
function normalised(output) {
  const text = output.replaceAll("\r\n", "\n");
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

export const fits = (answer, output) => new RegExp(`${patternOf(answer)}$`).test(normalised(output));

// True if what came so far begins with this answer. A line that is not complete does not count.
export const beginsWith = (answer, output) =>
  new RegExp(patternOf(answer)).test(output.slice(0, output.lastIndexOf("\n") + 1).replaceAll("\r\n", "\n"));

// True if the answer goes on for ever: an event stream or a WebSocket.
export const isStream = (call) => /^curl -N |\bwebsocat -n /.test(call.command);

// True if the call may be repeated until the answer fits: it only reads.
export const isRead = (call) => !/ (-X|-d|--data\S*|-T) |websocat/.test(call.command);
