import type { NitroConfig } from "nitro/types";

export default { serverDir: "./" } satisfies NitroConfig;
