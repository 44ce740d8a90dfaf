// Unread: the title and the icon of the page say how many entries wait.

/**
 * @param {HTMLElement} section Has `<template data-title>` ("({count}) {title}"), and `data-unread-icon`.
 * @returns {(count: number) => void} Says so many; 0 puts the page's own title and icon back.
 */
export function unread(section) {
  const sentence = section.querySelector("template[data-title]").content.textContent.trim();
  const icon = document.querySelector('link[rel="icon"]');
  const own = { title: document.title, icon: icon.href };
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  return (count) => {
    const title = sentence.replace(/{(count|title)}/g, (_, name) => (name === "count" ? numbers.format(count) : own.title));
    document.title = count ? title : own.title;
    const href = count ? section.dataset.unreadIcon : own.icon;
    if (icon.getAttribute("href") !== href) icon.href = href;
  };
}
