import { route } from "@react-router/dev/routes";

export default [
  route("form", "routes/form.tsx"),
  route("signup", "routes/signup.ts"),
  route(":page", "routes/page.ts"),
];
