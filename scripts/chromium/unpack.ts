// Unpacks the browser that comes from npm into the folder for temporary files, which the caller chooses by TMPDIR. A process of
// its own, because the package decides by the environment at its import, and changes the environment.

import chromium from "@sparticuz/chromium";

await chromium.executablePath();
