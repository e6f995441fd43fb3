import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";

/** Why tests of TLS do not run here; `undefined` where they do. */
export const noOpenssl: string | undefined =
  spawnSync("openssl", ["version"]).status === 0
    ? undefined
    : "openssl is not installed";

/** A certificate for `localhost` that nobody has signed but itself. */
export interface Certificate extends AsyncDisposable {
  /** The file of the certificate. */
  readonly certFile: string;
  /** The file of its key. */
  readonly keyFile: string;
  /** The certificate: who trusts it takes the server for the right one. */
  readonly ca: string;
}

/** Makes a certificate for `localhost`. */
export async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(`${tmpdir()}/postlude-tls-`);
  const [certFile, keyFile] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const { status, stderr } = spawnSync("openssl", [
    ...["req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=localhost"],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    ...["-addext", "subjectAltName=DNS:localhost"],
    ...["-keyout", keyFile, "-out", certFile],
  ], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot make a certificate: ${stderr}`);
  return {
    certFile,
    keyFile,
    ca: readFileSync(certFile, "utf8"),
    async [Symbol.asyncDispose](): Promise<void> {
      await rm(folder, { recursive: true });
    },
  };
}
