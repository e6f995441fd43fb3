import { Hono } from "hono";

const app = new Hono<{ Bindings: { readonly GREETING?: string } }>();

app.get("/hello", (c) => {
  console.log("hello was called");
  return c.text("hello");
});

app.post("/echo", async (c) => c.body(await c.req.text()));

app.get(
  "/bytes/:length",
  (c) => c.body(new Uint8Array(Number(c.req.param("length"))).fill(0x61)),
);

app.get("/stream/:count", (c) => {
  const chunks = Array.from(
    { length: Number(c.req.param("count")) },
    (_, index) => `chunk ${index}\n`,
  );
  return c.body(
    ReadableStream.from(chunks).pipeThrough(new TextEncoderStream()),
  );
});

export default app;
