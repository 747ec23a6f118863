// Asks the kernel for paths: one question under way at a time, and only the latest settings are asked for.

const WAIT = 1500;  // ms without an answer after which the page says so

function makeQuestions(send, settingsNow, onAnswer, onSilence) {
  const mine = String(Math.random());  // several views of one widget hear all answers
  let number = 0, underWay = "", wanted = null, clock = 0;

  const next = () => {
    if (underWay || !wanted) return;
    underWay = `${mine}-${++number}`;
    const [kind, fast] = wanted;
    wanted = null;
    clearTimeout(clock);
    clock = setTimeout(onSilence, WAIT);
    send({ ask: underWay, kind, fast, settings: settingsNow() });
  };

  return {
    ask: (kind = "paths", fast = false) => {
      if (!send) return;
      wanted = [kind, fast];
      next();
    },
    hear: (told, buffers) => {
      if (told.answer !== underWay) return;
      underWay = "";
      clearTimeout(clock);
      onAnswer(told, buffers, Boolean(wanted));
      next();
    },
    stop: () => clearTimeout(clock),
  };
}
