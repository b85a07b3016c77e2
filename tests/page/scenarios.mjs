/* What people do with the page. Each scenario gets { url, token, … } and fails with what was not as it should be. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { DESK, PHONE, assert, openPage, run } from "./browser.mjs";

const take = (page, title) => page.locator(".take", { has: page.getByRole("heading", { name: title, exact: true }) });
const heard = (page) => page.evaluate(() => document.getElementById("audio").currentTime);

async function untilHeard(page, seconds) {
  await page.waitForFunction((least) => document.getElementById("audio").currentTime > least, seconds);
}

/* Where the player says it is, of the tracks too. */
async function untilAt(page, least, most = Infinity) {
  await page.waitForFunction(([from, to]) => {
    const at = Number(document.getElementById("wave").getAttribute("aria-valuenow"));
    return at >= from && at <= to && document.getElementById("player-toggle").getAttribute("aria-label") === "Pause";
  }, [least, most]);
}

/* Somebody records a song on a phone, and hears it. */
async function evening(given) {
  const here = await openPage(given, PHONE), { page } = here;
  await page.getByRole("status").filter({ hasText: "Ready" }).waitFor();
  assert.equal(new URL(page.url()).hash, "", "the token stays in the address");
  await page.waitForFunction(() => [...document.querySelectorAll(".meter-value")].some((one) => /\d/.test(one.textContent)));
  const meters = page.getByRole("meter");
  assert.equal(await meters.count(), given.channels);
  assert.match(await meters.first().getAttribute("aria-valuetext"), /^−\d+ dB$/);

  assert.ok(await page.getByRole("button", { name: "Stop", exact: true }).isDisabled());
  await page.getByRole("button", { name: "Record", exact: true }).click();
  await page.getByRole("status").filter({ hasText: "Recording" }).waitFor();
  await page.getByLabel("Marker").fill("chorus");
  await page.getByRole("button", { name: "Add marker" }).click();
  await page.waitForFunction(() => document.getElementById("said").textContent.includes("chorus"));
  await page.waitForFunction((least) => document.getElementById("clock").textContent >= least, given.length);
  await here.shot("phone-recording");
  await page.getByRole("button", { name: "Stop", exact: true }).click();

  const item = take(page, given.title);
  await page.getByRole("progressbar").waitFor();
  await item.getByRole("link", { name: "Master", exact: true }).waitFor({ timeout: 120000 });
  await item.getByText("LUFS").first().waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), item.getByRole("link", { name: "Master", exact: true }).click()]);
  const sum = createHash("sha256").update(await readFile(await download.path())).digest("hex");

  await item.getByRole("button", { name: "Play", exact: true }).click();
  await untilHeard(page, 0.5);
  await here.shot("phone-playing");
  await item.getByRole("button", { name: "Pause", exact: true }).click();
  assert.deepEqual(here.faults, []);
  await here.close();
  return { sum };
}

/* A take is named, kept, looked at, mixed again and removed. */
async function caring(given) {
  const here = await openPage(given, DESK), { page } = here;
  const item = take(page, given.title);
  await item.getByRole("button", { name: given.title }).click();
  const report = item.locator(".report");
  await report.getByRole("img", { name: /Loudness: mix .* master .* asked for −14\.0 LUFS/ }).waitFor();
  for (const text of ["One loudspeaker", "Phone", "Car", "Earbuds"])
    assert.equal(await report.getByRole("row", { name: text }).getByText(/good|look/).count(), 1, text);
  for (const track of given.tracks) assert.equal(await report.getByRole("rowheader", { name: track, exact: true }).count(), 1, track);
  assert.ok(await item.getByRole("button", { name: /Hear from .* chorus/ }).isVisible());
  const links = await item.getByRole("link").allTextContents();
  for (const text of ["FLAC", "MP3", "Mix", "Stems, ZIP"]) assert.ok(links.some((link) => link.startsWith(text)), text);
  await here.shot("desk-take", { fullPage: true });

  await item.getByLabel("Title").fill(given.renamed);
  await item.getByRole("button", { name: "Rename" }).click();
  const renamed = take(page, given.renamed);
  await renamed.waitFor();
  await renamed.getByLabel("Keep").check();
  await renamed.getByText("kept", { exact: true }).waitFor();

  await renamed.getByLabel("Session").selectOption(given.other);
  await renamed.getByRole("button", { name: "Mix again" }).click();
  await page.getByRole("progressbar").waitFor();
  await renamed.getByText(`session ${given.other}`).waitFor({ timeout: 120000 });

  await renamed.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.ok(await renamed.isVisible());
  await renamed.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("alert").getByText("keep").waitFor();
  assert.match(here.faults.shift(), /409/);
  await renamed.getByLabel("Keep").uncheck();
  await renamed.getByText("kept", { exact: true }).waitFor({ state: "detached" });
  await renamed.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await renamed.waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Save what was just played" }).click();
  await take(page, given.title).getByRole("button", { name: "Play", exact: true }).waitFor();
  assert.deepEqual(here.faults, []);
  await here.close();
}

/* Seeking in each kind of file fetches what is there and not all before it; the tracks stay together. */
async function listening(given) {
  const here = await openPage(given, DESK), { page } = here, ranges = [];
  page.on("response", (response) => {
    if (response.url().includes("/files/")) ranges.push([response.url().split("/files/")[1], response.status()]);
  });
  const item = take(page, given.title);
  await item.getByRole("button", { name: "Play", exact: true }).click();
  await untilHeard(page, 0.2);
  const wave = page.getByRole("slider", { name: "Position" });
  await wave.focus();
  await page.keyboard.press("ArrowRight");
  await untilHeard(page, 5);
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.getElementById("audio").currentTime < 3);
  const box = await wave.boundingBox();
  /* Not near the end, which would come while a busy machine is still about the next steps. */
  await page.mouse.click(box.x + box.width * 0.3, box.y + box.height / 2);
  await untilHeard(page, given.seconds * 0.25);
  assert.ok(ranges.some(([file, status]) => file === "master.flac" && status === 206), JSON.stringify(ranges));

  await page.getByRole("radio", { name: "Mix" }).check({ force: true });
  await untilHeard(page, given.seconds * 0.25);
  await page.getByRole("radio", { name: "Tracks" }).check({ force: true });
  await untilAt(page, Math.floor(given.seconds * 0.25));
  await page.keyboard.press("Tab");
  await wave.focus();
  await page.keyboard.press("Home");
  await untilAt(page, 1, 4);
  await page.getByRole("button", { name: `Solo ${given.tracks[0]}` }).click();
  await page.getByRole("button", { name: `Mute ${given.tracks[1]}` }).click();
  assert.equal(await page.locator(".strip.silent").count(), given.tracks.length - 1);
  await here.shot("desk-tracks");

  const mp3 = await page.evaluate(async (path) => {
    const audio = new Audio(path);
    await new Promise((resolve, reject) => {
      audio.addEventListener("loadedmetadata", resolve);
      audio.addEventListener("error", () => reject(new Error("not playable")));
    });
    audio.currentTime = audio.duration - 1;
    await new Promise((resolve) => { audio.addEventListener("seeked", resolve); });
    return [audio.duration, audio.currentTime];
  }, `/api/v1/takes/${given.id}/files/master.mp3`);
  assert.ok(Math.abs(mp3[0] - given.seconds) < 0.2 && Math.abs(mp3[1] - mp3[0] + 1) < 0.1, String(mp3));
  assert.deepEqual(here.faults, []);
  await here.close();
}

/* What the page cuts out of a FLAC file, as the browser decodes it: [[first frame, samples], …] from `from` on. */
async function passages(given) {
  const here = await openPage(given, DESK), { page } = here;
  await page.getByRole("heading", { name: "Takes" }).waitFor();
  const found = await page.evaluate(async ({ path, size, rate, from, count }) => {
    const { FlacFile } = await import("/web/flac.js");
    const context = new OfflineAudioContext(1, 1, rate), results = [];
    for (const frame of from) {
      const file = FlacFile.of(path, size);
      await file.open();
      await file.seek(frame);
      for (let i = 0; i < count; i++) {
        const passage = await file.passage(rate / 8);
        if (!passage) break;
        const buffer = await context.decodeAudioData(passage.file.buffer);
        results.push([frame, passage.begin, passage.frames, Array.from(buffer.getChannelData(0), (x) => Math.round(x * 2 ** 23))]);
      }
    }
    return results;
  }, given);
  await here.close();
  return found;
}

/* Nothing against it, on a desk in the dark and on a phone in the light: signed out, with a take open, while it plays, with a
 * question. */
async function accessible(given) {
  const here = await openPage({ ...given, token: null }, DESK), { page } = here, said = {};
  async function look(what) {
    for (const [colorScheme, { viewport }] of [["dark", DESK], ["light", PHONE]]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize(viewport);
      const violations = await here.axe();
      if (violations.length > 0) said[`${what}, ${colorScheme}`] = violations;
      await here.shot(`${what}-${colorScheme}`);
    }
  }
  await page.getByLabel("Token").fill(given.token);
  await look("login");
  await page.keyboard.press("Enter");
  const item = take(page, given.title);
  await item.getByRole("button", { name: given.title }).click();
  await item.locator(".report").waitFor();
  await look("take");
  await item.getByRole("button", { name: "Play", exact: true }).click();
  await untilHeard(page, 0.2);
  await page.getByRole("radio", { name: "Tracks" }).check({ force: true });
  await page.locator(".strip").first().waitFor();
  await look("tracks");
  await page.getByRole("button", { name: "Close" }).click();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Play", "the focus goes back");
  await item.getByRole("button", { name: "Remove" }).click();
  await look("question");
  await here.close();
  assert.deepEqual(said, {});
}

/* No hand on a mouse, from the address bar to the music. */
async function keyboard(given) {
  const here = await openPage(given, DESK), { page } = here;
  await take(page, given.title).waitFor();
  const seen = [];
  const focused = () => page.evaluate(() => {
    const element = document.activeElement, style = getComputedStyle(element);
    return { name: element.getAttribute("aria-label") || element.textContent.trim() || element.id,
      outlined: style.outlineStyle !== "none" || element.type === "radio", body: element === document.body };
  });
  async function tabTo(name) {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      const here = await focused();
      if (here.body) continue;
      seen.push(here.name);
      assert.ok(here.outlined, `nobody sees that the focus is on ${here.name}`);
      if (name.test(here.name)) return;
    }
    assert.fail(`${name} is not reached: ${seen.join(", ")}`);
  }
  await tabTo(/^Skip to the takes$/);
  await tabTo(/^Record$/);
  await tabTo(/^session$|^(thursday|bare)/);
  await tabTo(/^Levels$/);
  await tabTo(/^search$/);
  await tabTo(new RegExp(`^${given.title}$`));
  await page.keyboard.press("Enter");
  await page.locator(".report").waitFor();
  await tabTo(/^Play$/);
  await page.keyboard.press("Space");
  await untilHeard(page, 0.2);
  await tabTo(/^Remove$/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal((await focused()).name, "Remove", "the focus comes back");
  await tabTo(/^Pause$/);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("audio").paused);
  await tabTo(/^Position$/);
  const before = await heard(page);
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction((at) => document.getElementById("audio").currentTime > at + 2, before);
  assert.deepEqual(here.faults, []);
  await here.close();
}

/* As many takes as a band makes in some years. */
async function many(given) {
  const here = await openPage(given, PHONE), { page } = here;
  await page.locator(".take").first().waitFor();
  assert.equal(await page.locator(".take").count(), 50);
  const began = Date.now();
  while (await page.locator("#more").isVisible()) {
    const before = await page.locator(".take").count();
    /* Not the locator's, which would wait for it for ever where it is hidden meanwhile: the last of them are here. */
    await page.evaluate(() => document.getElementById("more").scrollIntoView());
    await page.waitForFunction((count) => document.querySelectorAll(".take").length > count ||
      document.getElementById("more").hidden, before);
  }
  const scrolled = Date.now() - began;
  assert.equal(await page.locator(".take").count(), given.count);
  await here.close();

  const again = await openPage(given, PHONE);
  await again.page.locator(".take").first().waitFor();
  const asked = Date.now();
  await again.page.getByLabel("Search the takes").fill(given.search);
  await again.page.waitForFunction(() => document.querySelectorAll(".take").length === 1 &&
    /^1 of \d+$/.test(document.getElementById("takes-said").textContent));
  const searched = Date.now() - asked;
  assert.ok(await take(again.page, given.search).isVisible());
  await again.shot("phone-search");
  await again.page.getByLabel("Search the takes").fill("");
  const typed = Date.now();
  await again.page.waitForFunction((count) => document.querySelectorAll(".take").length === count, given.count);
  const shown = Date.now() - typed;
  assert.deepEqual([...here.faults, ...again.faults], []);
  await again.close();
  return { scrolled, searched, shown };
}

/* The recorder goes and comes back; whoever starts it again reads what is said here. */
async function away(given) {
  const here = await openPage(given, PHONE), { page } = here;
  await page.getByRole("status").filter({ hasText: "Ready" }).waitFor();
  process.stdout.write("there\n");
  await page.getByText("Connection lost").waitFor();
  process.stdout.write("lost\n");
  await page.getByText("Connection lost").waitFor({ state: "hidden", timeout: 120000 });
  await page.getByRole("status").filter({ hasText: "Ready" }).waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll(".meter-value")].some((one) => /\d/.test(one.textContent)));
  await here.close();
}

/* What it says and does with a wrong token, with the right one by hand, and when that is not valid any more. */
async function signIn(given) {
  const here = await openPage({ ...given, token: null }, PHONE), { page } = here;
  await page.getByLabel("Token").fill("wrong-wrong-wrong-wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("this is not the token").waitFor();
  await page.getByLabel("Token").fill(given.token);
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "Ready" }).waitFor();
  const stored = await page.evaluate(() => [document.cookie, JSON.stringify(localStorage)].join());
  assert.ok(!stored.includes(given.token), "scripts can read the token");
  await page.reload();
  await page.getByRole("status").filter({ hasText: "Ready" }).waitFor();
  await page.context().clearCookies();
  await page.evaluate(() => document.getElementById("record").click()); /* it may be gone already: others ask too */
  await page.getByLabel("Token").waitFor();
  await here.close();
}

await run({ evening, caring, listening, passages, accessible, keyboard, many, away, signIn });
