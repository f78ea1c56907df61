// One function for each scenario.

import { check } from "./harness.js";

export const scenarios = {};

scenarios.Members = async (lab) => {
  const [n1] = await lab.mesh(2);
  const page = await lab.open(await lab.browse(), n1);
  await page.locator("#view-mesh tbody tr").nth(1).waitFor();
  await lab.picture(page, "members");
  check(true, "");
};
