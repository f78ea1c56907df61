// How the page is read, and that what differs from it is found.

import { check, checkEqual } from "../support/agent.mjs";
import { beginsWith, fits, isRead, isStream, readCalls } from "./blocks.js";

const tests = {
  aBlockHasCommandsAndTheirAnswers() {
    const page = "text\n```\n$ no\n```\n```console\n$ curl a\n{\"a\":1}\n$ curl b\n```\n$ no\n```console\n$ curl c\nx\ny\n```\n";

    checkEqual(readCalls(page), [
      { line: 6, command: "curl a", answer: ['{"a":1}'] },
      { line: 8, command: "curl b", answer: [] },
      { line: 12, command: "curl c", answer: ["x", "y"] },
    ], "calls");
  },

  aLineThatIsIndentedGoesOn() {
    const page = "```console\n$ curl a \\\n  -d '{\"x\":1,\n  \"y\":2}'\n{\"x\":1,\n  \"y\":2}\nz\n```\n";

    checkEqual(readCalls(page), [
      { line: 2, command: "curl a -d '{\"x\":1, \"y\":2}'", answer: ['{"x":1,"y":2}', "z"] },
    ], "calls");
  },

  anAnswerBeforeACommandIsRefused() {
    let message = "";
    try {
      readCalls("```console\n{}\n```\n");
    } catch (error) {
      message = error.message;
    }

    check(message.startsWith("line 2:"), `message: ${message}`);
  },

  anAnswerFitsOnlyAsAWhole() {
    check(fits(['{"a":1}'], '{"a":1}'), "the same, without a newline at its end");
    check(fits(["a", "b"], "a\r\nb\r\n"), "lines of a head");
    check(!fits(['{"a":1}'], '{"a":12}'), "more");
    check(!fits(['{"a":1}'], '{"a":1}\n{}'), "a further line");
    check(!fits(["a", "b"], "a"), "a line less");
    check(!fits([], "a"), "something where nothing is written");
    check(!fits(["a.c"], "abc"), "a dot is a dot");
  },

  aMaskStandsForTextInALineAndForLines() {
    check(fits(['{"a":"…","b":1}'], '{"a":"xyz","b":1}'), "text");
    check(!fits(['{"a":"…","b":1}'], '{"a":"x\ny","b":1}'), "not for a newline");
    check(!fits(['{"a":"…","b":1}'], '{"a":"xyz","b":2}'), "what stands after it counts");
    check(fits(["a", "…", "b"], "a\nx\ny\nb"), "lines");
    check(fits(["a", "…", "b"], "a\nb"), "no line");
    check(!fits(["a", "…", "b"], "a\nx\ny\n"), "the line after it counts");
  },

  aStreamIsTakenUntilItHasWhatIsWritten() {
    check(beginsWith(["a", "b…"], "a\nbc\nd\n"), "more may follow");
    check(beginsWith(["…", "b"], "a\nb\n"), "lines before");
    check(!beginsWith(["a", "b…"], "a\nbc"), "a line that is not complete");
    check(!beginsWith(["a", "b"], "a\nc\nb\n"), "another line");
  },

  onlyReadsAreRepeated() {
    check(isRead({ command: "curl http://a/b?c" }), "GET");
    for (const words of ["-X PUT http://a", "http://a -d '{}'", "--data-binary @f http://a"]) {
      check(!isRead({ command: `curl ${words}` }), words);
    }
    check(!isRead({ command: "echo x | websocat -n ws://a" }) && isStream({ command: "echo x | websocat -n ws://a" }), "a WebSocket");
    check(isStream({ command: "curl -N http://a" }) && !isStream({ command: "curl http://a" }), "streams");
  },
};

for (const [name, test] of Object.entries(tests)) {
  test();
  console.log(`${name}: passed`);
}
