// The delta sync API, as programs use it that keep their own copy of an object.

import { credentials } from "./credentials.js";
import { examples } from "./examples.js";
import { offline } from "./offline.js";
import { refusals } from "./refusals.js";
import { types } from "./types.js";
import { upkeep } from "./upkeep.js";

export const cases = { ...examples, ...types, ...upkeep, ...offline, ...credentials, ...refusals };
