import { testBuilt } from "../../examples/frameworks/built_tests.ts";

await testBuilt("nuxt");
