// A class's code is no word: a phone's keyboard shall neither mend it nor begin with small letters.
export default function ({ data: [data] }) {
  const fit = () => {
    const field = document.querySelector(`.st-key-${data.field} input`);
    if (!field) return;
    for (const [name, value] of Object.entries({ autocapitalize: "characters", autocorrect: "off", spellcheck: "false" })) {
      if (field.getAttribute(name) !== value) field.setAttribute(name, value);
    }
  };
  fit();
  const later = setTimeout(fit, 500);  // the field may come after us
  return () => clearTimeout(later);
}
