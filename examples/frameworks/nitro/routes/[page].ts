import { getBackgroundTasks } from "@postlude/background-tasks";
import { defineHandler } from "nitro/h3";
import { answer } from "../work.ts";

export default defineHandler(({ req }) => answer(req, getBackgroundTasks(req)));
