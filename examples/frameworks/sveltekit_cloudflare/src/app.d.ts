import "@sveltejs/adapter-cloudflare"; // states platform.ctx

declare global {
  namespace App {
    interface Platform {
      env: Record<string, unknown>; // your bindings
    }
  }
}
