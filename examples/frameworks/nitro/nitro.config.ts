export default {
  compatibilityDate: "2026-07-01",
  minify: false, // else the preset for Cloudflare needs @rollup/plugin-terser
  cloudflare: {
    deployConfig: true,
    nodeCompat: true,
    wrangler: { name: "nitro" },
  },
};
