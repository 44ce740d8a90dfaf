// A page without a feed: keeps its times current.

import { Times } from "./times.js";

new Times(document).start();
