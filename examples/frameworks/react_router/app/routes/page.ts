import { getBackgroundTasks } from "@postlude/background-tasks";
import type { LoaderFunctionArgs } from "react-router";
import { answer } from "../../work.ts";

export const loader = ({ request }: LoaderFunctionArgs) =>
  answer(request, getBackgroundTasks(request));
