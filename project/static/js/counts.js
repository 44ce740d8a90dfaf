// Counts: whole sentences with a number in them, in any language. The sentences are Django's, rendered for a few numbers.

/**
 * A sentence that counts.
 *
 * A template renders it for the numbers that languages tell apart; here the one of the same plural
 * category is taken and its number exchanged. Such a sentence has the number once, as digits.
 */
export class Counted {
  #forms = new Map();
  #rules;
  #numbers;

  /**
   * @param {ParentNode} root Holds `<template data-counted="<name>" data-count="<number>">`.
   * @param {string} name
   * @param {string} [language]
   */
  constructor(root, name, language) {
    this.#rules = new Intl.PluralRules(language);
    this.#numbers = new Intl.NumberFormat(language);
    for (const form of root.querySelectorAll(`template[data-counted="${name}"]`)) {
      const category = this.#rules.select(Number(form.dataset.count));
      this.#forms.set(category, form);
    }
  }

  /**
   * The sentence for this number.
   * @param {number} count
   */
  say(count) {
    const form = this.#form(count);
    return form ? form.content.textContent.trim().replace(form.dataset.count, this.#numbers.format(count)) : "";
  }

  /**
   * The sentence with its markup; its number stands in an element `data-number`.
   * @param {number} count
   * @returns {DocumentFragment}
   */
  fragment(count) {
    const sentence = this.#form(count).content.cloneNode(true);
    for (const number of sentence.querySelectorAll("[data-number]")) number.textContent = this.#numbers.format(count);
    return sentence;
  }

  #form(count) {
    return this.#forms.get(this.#rules.select(count)) ?? [...this.#forms.values()].at(-1);
  }
}
