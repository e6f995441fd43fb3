import process from "node:process";

/**
 * What the random programs are made of. A run of the tests makes the same ones each time: what fails
 * does so for everybody. `POSTLUDE_SEED=7` makes others.
 */
export const SEED: number = Number(process.env["POSTLUDE_SEED"] ?? 2026);
