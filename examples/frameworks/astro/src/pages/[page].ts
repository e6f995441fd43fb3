import { getBackgroundTasks } from "@postlude/background-tasks";
import type { APIRoute } from "astro";
import { answer } from "../../work.ts";

export const GET: APIRoute = ({ request }) =>
  answer(request, getBackgroundTasks(request));
