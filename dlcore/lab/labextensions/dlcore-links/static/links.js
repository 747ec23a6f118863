// A link to a cell, as `start()` and `progress()` show them, arrives there although its notebook is not open yet.
//
// JupyterLab puts the cells of a notebook into the page one by one, from the first on, when the browser is idle. It
// scrolls to the cell of a link when that cell's turn has come; after ten seconds it gives up. Here the cell of the
// link comes first, and stays where it is while the others come in above it.
//
// Written by hand in the form that JupyterLab loads: a container of Module Federation, which shares no modules.
(() => {
  "use strict";
  const FOLLOW = "rendermime:handle-local-link";  // JupyterLab's command for links to files of its server
  const CELL = "#cell-id=";
  const ACTS = ["wheel", "pointerdown", "touchstart", "keydown"];

  const open = (shell, path) => {
    for (const widget of shell.widgets("main")) {
      if (widget.context?.path === path && widget.content?.renderCellOutputs) return widget;
    }
  };

  const arrive = async (panel, fragment) => {
    await panel.revealed;
    const notebook = panel.content;
    if (panel.isDisposed || notebook.viewModel.windowingActive) return;  // a windowed notebook goes anywhere at once
    const id = decodeURIComponent(fragment.slice(CELL.length));
    const index = notebook.widgets.findIndex((cell) => cell.model.id === id);
    if (index < 0) return;
    const cell = notebook.widgets[index];
    notebook.renderCellOutputs(index);  // puts a code cell into the page, if it is not there
    panel.setFragment(fragment);
    hold(notebook, cell, index);
  };

  // Keep a cell at its place until those above it have come, or the student does something.
  const hold = (notebook, cell, index) => {
    const observer = new ResizeObserver(() => {
      if (notebook.isDisposed || cell.isDisposed) return end();
      if (cell.node.isConnected) cell.node.scrollIntoView();
      if (!notebook.widgets.slice(0, index + 1).some((each) => each.isPlaceholder())) end();
    });
    const end = () => {
      observer.disconnect();
      for (const act of ACTS) document.removeEventListener(act, end, true);
    };
    for (const act of ACTS) document.addEventListener(act, end, { capture: true, passive: true });
    observer.observe(notebook.viewportNode);
  };

  const plugin = {
    id: "dlcore-links:plugin",
    description: "Lets a link to a cell arrive there although its notebook is not open yet.",
    autoStart: true,
    activate: ({ commands, shell }) => {
      commands.commandExecuted.connect((_, { id, args, result }) => {
        if (id !== FOLLOW || !args.id?.startsWith(CELL)) return;
        const go = () => { const panel = open(shell, args.path); return panel && arrive(panel, args.id); };
        result.then(go).catch((problem) => console.warn("The link did not arrive at its cell:", problem));
      });
    },
  };

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB["dlcore-links"] = { init() {}, get: async () => () => ({ __esModule: true, default: plugin }) };
})();
