import type { Database } from "./database.ts";
import type { Activity, Todo, TodoFields } from "./todo.ts";

/** A todo as SQLite stores it. */
type TodoRow = Omit<Todo, "completed"> & { readonly completed: number };

/** The todos and what happened to them, in a database. */
export class TodoStore {
  readonly #database: Database;

  /** Creates a store; the tables must be there. */
  constructor(database: Database) {
    this.#database = database;
  }

  /** All todos: those to be done first, then by time. */
  async list(): Promise<Todo[]> {
    const rows = await this.#database.query<TodoRow>(
      "SELECT * FROM todos ORDER BY completed, time, id",
    );
    return rows.map(todoOf);
  }

  /** One todo, if it is there. */
  async get(id: string): Promise<Todo | undefined> {
    const [row] = await this.#database.query<TodoRow>(
      "SELECT * FROM todos WHERE id = ?",
      id,
    );
    return row && todoOf(row);
  }

  /** Saves a new todo. */
  async insert(fields: TodoFields): Promise<Todo> {
    const todo = { id: crypto.randomUUID(), ...fields };
    await this.#database.query(
      "INSERT INTO todos (id, task, completed, time, priority, rate) VALUES (?, ?, ?, ?, ?, ?)",
      todo.id,
      todo.task,
      Number(todo.completed),
      todo.time,
      todo.priority,
      todo.rate,
    );
    return todo;
  }

  /** Changes some fields of a todo, if it is there. */
  async update(
    id: string,
    { task, completed, time, priority, rate }: Partial<TodoFields>,
  ): Promise<Todo | undefined> {
    const [row] = await this.#database.query<TodoRow>(
      `UPDATE todos SET
        task = coalesce(?, task), completed = coalesce(?, completed), time = coalesce(?, time),
        priority = coalesce(?, priority), rate = coalesce(?, rate)
      WHERE id = ? RETURNING *`,
      task ?? null,
      completed === undefined ? null : Number(completed),
      time ?? null,
      priority ?? null,
      rate ?? null,
      id,
    );
    return row && todoOf(row);
  }

  /** Deletes a todo and its activities; tells whether it was there. */
  async delete(id: string): Promise<boolean> {
    const rows = await this.#database.query(
      "DELETE FROM todos WHERE id = ? RETURNING id",
      id,
    );
    return rows.length > 0;
  }

  /** What happened to a todo, the oldest first. */
  async activitiesOf(todoId: string): Promise<Activity[]> {
    return await this.#database.query<Activity>(
      "SELECT * FROM activities WHERE todoId = ? ORDER BY timestamp, id",
      todoId,
    );
  }

  /** What happened lately, the newest first. */
  async latestActivities(count: number): Promise<Activity[]> {
    return await this.#database.query<Activity>(
      "SELECT * FROM activities ORDER BY timestamp DESC, id LIMIT ?",
      count,
    );
  }

  /** Writes down what happened; a second time with the same id does nothing. */
  async addActivity(
    { id, todoId, action, details, timestamp }: Activity,
  ): Promise<void> {
    await this.#database.query(
      "INSERT OR IGNORE INTO activities (id, todoId, action, details, timestamp) VALUES (?, ?, ?, ?, ?)",
      id,
      todoId,
      action,
      details,
      timestamp,
    );
  }
}

function todoOf({ id, task, completed, time, priority, rate }: TodoRow): Todo {
  return { id, task, completed: completed === 1, time, priority, rate };
}
