// PORT=8000 deno run -A examples/frameworks/mcp/app.ts          (or: bun, node)
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type {
  ServerNotification,
  ServerRequest,
} from "@modelcontextprotocol/sdk/types.js";
import {
  type BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  drainOnShutdown,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { serve } from "srvx";
import { addEmail, port, upstream, words } from "../work.ts";

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

function mcpServer(tasks: BackgroundTasks): McpServer {
  const server = new McpServer({ name: "mails", version: "1.0.0" }, {
    capabilities: { logging: {} },
  });
  for (const page of ["task", "stream", "fail", "slow"]) {
    server.registerTool(page, {}, async (extra: Extra) => {
      addEmail(tasks, page);
      if (page === "slow") await upstream("held");
      if (page === "fail") {
        tasks.fail(new Error("the tool failed")); // what it throws, the SDK makes a result of
      }
      for await (const data of words()) {
        const params = { level: "info" as const, data };
        await extra.sendNotification({
          method: "notifications/message",
          params,
        });
      }
      return { content: [{ type: "text", text: page }] };
    });
  }
  return server;
}

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());

app.post("/mcp", async (c) => {
  const transport = new WebStandardStreamableHTTPServerTransport();
  await mcpServer(c.var.backgroundTasks).connect(transport);
  return await transport.handleRequest(c.req.raw);
});

drainOnShutdown({ server: serve({ fetch: app.fetch, port }) });
