// The page of a certificate: a button that prints it. Without JavaScript the browser's own menu does.

const button = document.querySelector("[data-print]");
if (button) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
}
