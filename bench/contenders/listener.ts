import express, {
  type Express,
  type RequestHandler,
  type Response,
} from "express";
import { ANSWER, tasksRun } from "../answer.ts";

/**
 * An app of Express.
 *
 * @param addTask Adds the task of a request, if there is one.
 * @param middleware What stands before the handler.
 */
export function listener(
  addTask?: (response: Response) => void,
  ...middleware: RequestHandler[]
): Express {
  const app = express();
  for (const one of middleware) app.use(one);
  app.get("/", (_request, response) => {
    addTask?.(response);
    response.json(ANSWER);
  });
  app.get("/ran", (_request, response) => void response.json(tasksRun()));
  return app;
}
