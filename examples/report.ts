// deno serve -A examples/report.ts          (or: bun examples/report.ts)
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileBody } from "./report_file.ts";

const ROW = "2026-11-22;ada@example.com;signup;https://example.com/welcome\n";

async function deleteReport(folder: string): Promise<void> {
  await rm(folder, { recursive: true });
  console.log(`deleted ${folder}`);
}

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());

app.get("/report.csv", async (c) => {
  const folder = await mkdtemp(`${tmpdir()}/report-`);
  // "always": the folder goes even if something below throws
  c.var.backgroundTasks.with({ runOn: "always" }).addTask(deleteReport, folder);
  const path = `${folder}/report.csv`;
  const size = ROW.length * Number(c.req.query("rows") ?? 1_000);
  await writeFile(path, ROW.repeat(size / ROW.length));

  const range = /^bytes=(\d+)-(\d*)$/.exec(c.req.header("range") ?? "");
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(Number(range?.[2] || size), size - 1);
  if (start > end) {
    return c.body(null, 416, { "content-range": `bytes */${size}` });
  }
  if (range) c.header("content-range", `bytes ${start}-${end}/${size}`);
  c.header("content-type", "text/csv");
  c.header("content-length", String(end + 1 - start));
  return c.body(fileBody(path, start, end), range ? 206 : 200);
});

export default { port: 8000, fetch: app.fetch };
