/**
 * Ends what tests have started when `bun test` has run the last one: a preload of bunfig.toml.
 *
 * @module
 */
import { endAll } from "./at_end.ts";

const specifier = "bun:test"; // not a literal: the other runtimes would try to load it
(await import(specifier)).afterAll(endAll);
