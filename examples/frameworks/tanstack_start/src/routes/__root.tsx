import { createRootRoute, Outlet } from "@tanstack/react-router";

export const Route = createRootRoute({
  component: () => <html lang="en"><body><Outlet /></body></html>,
});
