// Where the page begins.

import { render } from "preact";
import { App } from "./app";
import { Screen } from "./view/screen";
import "./style.css";

const root = document.getElementById("app");
if (root) {
  const app: App = new App(() => render(<Screen app={app} />, root));
  app.changed();
  void app.start();
}
