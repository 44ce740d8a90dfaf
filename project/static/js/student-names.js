// The names that a field offers while somebody types. Without it, the server asks whom one means.

const PATIENCE = 200; // milliseconds, so that not every key is a question

for (const field of document.querySelectorAll("input[data-students]")) {
  let timer = null;
  let asked = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const round = (asked += 1);
      const answer = await fetch(`${field.dataset.students}?q=${encodeURIComponent(field.value)}`).catch(() => null);
      if (!answer?.ok || round !== asked) return;
      const { students } = await answer.json();
      const names = new Set(students.map(({ name }) => name));
      field.list.replaceChildren(...Array.from(names, (name) => new Option(name, name)));
    }, PATIENCE);
  });
}
