// The library yjs. Reads a trace, types it into replicas, applies the updates one by one to an empty
// replica, and prints one line of JSON. Run it with --expose-gc.
//
// Positions are units of UTF-16: traces with characters outside the basic plane are not measured.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'

const version = JSON.parse(readFileSync(new URL('./package.json', import.meta.url))).dependencies.yjs

function readTrace (path) {
  let bytes = readFileSync(path)
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes)
  const trace = JSON.parse(bytes.toString())
  if (trace.startContent) {
    if (trace.txns.some(txn => txn.parents)) throw new Error('a start in a concurrent trace')
    trace.txns.unshift({ patches: [[0, 0, trace.startContent]] })
  }
  return trace
}

// Every agent has a replica. Before a step it applies those updates below the parents of the step
// that it lacks.
function plan (txns) {
  const agents = txns.reduce((most, txn) => Math.max(most, txn.agent ?? 0), 0) + 1
  const has = Array.from({ length: agents }, () => new Set())
  const parents = txns.map((txn, i) => txn.parents ?? (i > 0 ? [i - 1] : []))
  const steps = txns.map((txn, i) => {
    const known = has[txn.agent ?? 0]
    const before = []
    const left = [...parents[i]]
    while (left.length > 0) {
      const step = left.pop()
      if (known.has(step)) continue
      known.add(step)
      before.push(step)
      left.push(...parents[step])
    }
    known.add(i)
    return { agent: txn.agent ?? 0, before: before.sort((a, b) => a - b), patches: txn.patches }
  })
  return { agents, steps }
}

function open (agent) {
  const doc = new Y.Doc()
  doc.clientID = agent + 1
  const replica = { doc, text: doc.getText('text'), made: [] }
  doc.on('update', (update, origin) => { if (origin !== 'remote') replica.made.push(update) })
  return replica
}

function edit (replica, patches) {
  for (const [position, removed, inserted] of patches) {
    replica.doc.transact(() => {
      if (removed > 0) replica.text.delete(position, removed)
      if (inserted.length > 0) replica.text.insert(position, inserted)
    })
  }
}

// In a function of its own, so that nothing of these replicas is in memory when it has ended.
function typeAll (trace) {
  const { agents, steps } = plan(trace.txns)
  const replicas = Array.from({ length: agents }, (_, agent) => open(agent))
  const updates = []
  let local = 0
  for (let i = 0; i < steps.length;) {
    const agent = steps[i].agent
    const replica = replicas[agent]
    for (const before of steps[i].before) {
      for (const update of updates[before]) Y.applyUpdate(replica.doc, update, 'remote')
    }
    const begin = performance.now()
    do {
      replica.made = []
      edit(replica, steps[i].patches)
      updates.push(replica.made)
      ++i
    } while (i < steps.length && steps[i].agent === agent && steps[i].before.length === 0)
    local += performance.now() - begin
  }
  const right = agents > 1 || replicas[0].text.toString() === trace.endContent
  return { agents, updates, local, right }
}

const trace = readTrace(process.argv[2])
const { agents, updates, local, right } = typeAll(trace)
let ok = right

globalThis.gc()
const heap = process.memoryUsage().heapUsed
const remote = open(agents)
let begin = performance.now()
for (const step of updates) {
  for (const update of step) Y.applyUpdate(remote.doc, update, 'remote')
}
const remoteMillis = performance.now() - begin
globalThis.gc()
const memory = process.memoryUsage().heapUsed - heap
ok = ok && remote.text.toString() === trace.endContent

const stored = Y.encodeStateAsUpdate(remote.doc)
begin = performance.now()
const loaded = open(agents + 1)
Y.applyUpdate(loaded.doc, stored, 'remote')
const text = loaded.text.toString()
const load = performance.now() - begin
ok = ok && text === trace.endContent

const all = updates.flat()
const edits = trace.txns.reduce((sum, txn) => sum + txn.patches.length, 0)
let inserted = 0
for (const txn of trace.txns) for (const patch of txn.patches) inserted += [...patch[2]].length
console.log(JSON.stringify({
  lib: 'yjs',
  version,
  edits,
  local_ms: local,
  remote_ms: remoteMillis,
  load_ms: load,
  stored_bytes: stored.length,
  bytes_per_edit: all.reduce((sum, update) => sum + update.length, 0) / edits,
  ok,
  memory_per_char: memory / inserted
}))
process.exitCode = ok ? 0 : 1
