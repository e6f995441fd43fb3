/**
 * A test without a test runner: the process ends when the request has, however long its limit is.
 *
 * @module
 */
import { TestClient } from "@postlude/background-tasks/testing";

const client = new TestClient(() => new Response("ok"), {
  timeLimit: Infinity,
});
console.log(await (await client.get("/")).text());
