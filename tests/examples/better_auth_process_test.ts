import { assertEquals, assertThrows } from "@std/assert";
import {
  drain,
  getBackgroundTasks,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { currentBackgroundTasks } from "@postlude/background-tasks/context";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { leaveOut, notOnWorkers } from "../harness/left_out.ts";
import { test } from "../harness/test.ts";

const title =
  "better-auth hands its hooks a copy of the request, so that only ./context finds the tasks";

if (notOnWorkers === undefined) leaveOut(title, "not on workerd");
else {
  test(title, async () => {
    const sent: string[] = [];
    const seen: unknown[] = [];
    const auth = betterAuth({
      baseURL: "https://example.com",
      secret: "a secret of at least thirty-two characters",
      database: memoryAdapter({
        user: [],
        session: [],
        account: [],
        verification: [],
      }),
      emailAndPassword: { enabled: true },
      emailVerification: {
        sendOnSignUp: true,
        sendVerificationEmail({ user }, request) {
          seen.push(request);
          currentBackgroundTasks().addTask(() => void sent.push(user.email));
          return Promise.resolve();
        },
      },
    });
    const fetch = withBackgroundTasks((request: Request) =>
      auth.handler(request)
    );
    const email = "ada@example.com";
    const body = JSON.stringify({ name: "Ada", email, password: "a long one" });
    const headers = {
      "content-type": "application/json",
      origin: "https://example.com",
    };
    const address = "https://example.com/api/auth/sign-up/email";
    const request = new Request(address, { method: "POST", body, headers });
    assertEquals((await fetch(request)).status, 200);
    await drain();
    assertEquals(sent, [email]);
    const [copy] = seen;
    assertEquals([copy instanceof Request, copy === request], [true, false]);
    assertThrows(
      () => getBackgroundTasks(copy as Request),
      TypeError,
      "no front door is open for this request",
    );
  });
}
