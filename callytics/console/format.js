// Times and numbers as people read them.
import { locale } from "./text.js";

/** 3723.4 -> "1:02:03" */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function moment(iso) {
  if (!iso) return "";
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

export function percent(ratio) {
  return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 0 }).format(ratio);
}

/** 61.46 -> "61" */
export function score(value) {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: 0 }).format(value);
}

/** A mood from -5 to +5: -0.75 -> "-0.8" */
export function signed(value) {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(value);
}

/** The day of a time here, as inputs write it; `ms` is added to the time first. */
export function dayOf(iso, ms = 0) {
  const time = new Date(new Date(iso).getTime() + ms);
  if (Number.isNaN(time.getTime())) return "";
  return inputDay(time);
}

function inputDay(time) {
  const two = (value) => String(value).padStart(2, "0");
  return `${String(time.getFullYear()).padStart(4, "0")}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** Where a day of an input begins here, or one so many days later, as the API reads it. */
export function dayStart(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

/** Today as inputs write it, or a day so many days later. */
export function today(later = 0) {
  const now = new Date();
  return inputDay(new Date(now.getFullYear(), now.getMonth(), now.getDate() + later));
}

/** "2026-03-02" -> "2 Mar 2026" */
export function dayName(day) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}
