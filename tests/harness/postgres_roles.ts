import pg from "pg";

/**
 * Runs statements as the owner of a database of the tests.
 *
 * @param url Where it is.
 * @param statements What to run, one after another.
 */
export async function asOwner(
  url: string,
  ...statements: string[]
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/**
 * The address of a database for another role, whose password is that of all.
 *
 * @param url Where it is.
 * @param role The role.
 */
export function asRole(url: string, role: string): string {
  const address = new URL(url);
  address.username = role;
  return address.href;
}
