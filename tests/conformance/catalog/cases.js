// The metadata catalog and its deltas, as clients outside the mesh use them.

import { examples } from "./examples.js";
import { deltas } from "./deltas.js";
import { facts } from "./facts.js";
import { offline } from "./offline.js";
import { refusals } from "./refusals.js";

export const cases = { ...examples, ...facts, ...deltas, ...offline, ...refusals };
