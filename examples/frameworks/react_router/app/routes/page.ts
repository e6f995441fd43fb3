import { currentBackgroundTasks } from "@postlude/background-tasks/context";
import type { LoaderFunctionArgs } from "react-router";
import { answer } from "../../work.ts";

export const loader = ({ request }: LoaderFunctionArgs) =>
  answer(request, currentBackgroundTasks());
