// Runs before the first paint, so that a chosen theme or language does not flash. Nothing else belongs here.
try {
  const theme = localStorage.getItem('theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {
  // storage is switched off: the system's theme stays
}
