/** What SQLite stores. */
export type Value = string | number | null;

/** A SQLite database, wherever it lives: a file on Deno, Bun and Node, D1 on Workers. */
export interface Database {
  /** Runs one statement, and returns its rows. */
  query<Row>(sql: string, ...values: Value[]): Promise<Row[]>;
}

/** The tables. A service that grows keeps migrations; two tables need none. */
const TABLES = [
  `CREATE TABLE IF NOT EXISTS todos (
    id TEXT PRIMARY KEY,
    task TEXT NOT NULL,
    completed INTEGER NOT NULL,
    time TEXT NOT NULL,
    priority TEXT NOT NULL,
    rate INTEGER NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS activities (
    id TEXT PRIMARY KEY,
    todoId TEXT NOT NULL REFERENCES todos (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    details TEXT NOT NULL,
    timestamp TEXT NOT NULL
  )`,
];

/** Creates the tables that are not there yet. */
export async function createTables(database: Database): Promise<void> {
  for (const table of TABLES) await database.query(table);
}
