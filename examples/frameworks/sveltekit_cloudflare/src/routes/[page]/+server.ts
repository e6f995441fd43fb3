import { getBackgroundTasks } from "@postlude/background-tasks";
import type { RequestHandler } from "@sveltejs/kit";
import { answer } from "../../../work.ts";

export const GET: RequestHandler = ({ request }) =>
  answer(request, getBackgroundTasks(request));
