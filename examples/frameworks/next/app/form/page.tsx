import { signUp } from "./actions";

export default function Page() {
  return (
    <form action={signUp}>
      <input name="page" />
      <button type="submit">Sign up</button>
    </form>
  );
}
