import { getBackgroundTasks } from "@postlude/background-tasks";
import { createFileRoute } from "@tanstack/react-router";
import { answer } from "../../work.ts";

export const Route = createFileRoute("/$page")({
  server: {
    handlers: {
      GET: ({ request }) => answer(request, getBackgroundTasks(request)),
    },
  },
});
