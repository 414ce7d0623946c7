/*
 * The pages' words in Korean.
 */
import { bytes, measures, moment, number } from "./figures.js";

const counted = unit => n => `${number(n)}${unit}`;
const pixels = n => `${number(n)}\u00a0px`;
const megapixels = (n, digits = 1) =>
	`${number(n / 1e6, digits)}\u00a0메가픽셀`;

/* " 이 파일은 99.3 메가픽셀이며, 여기서는 64 메가픽셀까지 올릴 수 있습니다." */
function against(problem, unit)
{
	const m = measures(problem, unit);

	if (!m)
		return "";
	return `${m.actual ? ` 이 파일은 ${m.actual}이며,` : ""} 여기서는 ${
	    m.limit}까지 올릴 수 있습니다.`;
}

const again = "다시 시도해 주세요.";
const smaller = "더 작은 사진으로 올려 주세요.";
const another = "JPEG 등 다른 형식으로 저장해서 올려 주세요.";

const refusals = {
	"bad-request": () => `서비스가 이 업로드를 이해하지 못했습니다. ${again}`,
	"multipart-syntax": () => `업로드가 온전히 도착하지 않았습니다. ${again}`,
	"body-truncated": () => `업로드가 도중에 끊겼습니다. ${again}`,
	"no-file": () => `도착한 사진이 없습니다. ${again}`,
	"token-invalid": () => "이 페이지에서는 사진을 올릴 수 없습니다.",
	"token-expired": () => "사진을 올릴 수 있는 시간이 지났습니다. "
	    + "페이지를 새로 고친 뒤 다시 올려 주세요.",
	"banned": () => "이 사진은 여기에 올릴 수 없습니다.",
	"not-found": () => "이 주소에는 업로드 서비스가 없습니다.",
	"method-not-allowed": () => "이 주소는 업로드를 받지 않습니다.",
	"body-timeout": () => `업로드가 너무 느려서 중단되었습니다. ${again}`,
	"body-too-large": p => `너무 큽니다.${against(p, bytes)} ${smaller}`,
	"photo-too-large": p => `너무 큽니다.${against(p, bytes)} ${smaller}`,
	"too-many-files": p => `한 번에 올린 사진이 너무 많습니다.${
	    against(p, counted("장"))} 나누어서 올려 주세요.`,
	"unsupported-format": () => "여기서 읽을 수 있는 사진이 아닙니다. "
	    + `${formats} 파일을 올려 주세요.`,
	"corrupt-image": () => "사진 파일이 손상되어 읽을 수 없습니다. "
	    + "원본을 다시 저장해서 올려 주세요.",
	"too-many-pixels": p => `화소 수가 너무 많습니다.${
	    against(p, megapixels)} ${smaller}`,
	"side-too-long": p => `긴 변이 너무 깁니다.${against(p, pixels)} ${smaller}`,
	"too-many-frames": p => `애니메이션의 프레임이 너무 많습니다.${
	    against(p, counted("프레임"))} 더 짧은 것으로 올려 주세요.`,
	"too-many-scans": p => `JPEG의 스캔이 너무 많습니다.${
	    against(p, counted("회"))} 새로 저장해서 올려 주세요.`,
	"too-much-memory": () =>
	    `이 사진을 여는 데 메모리가 너무 많이 필요합니다. ${smaller}`,
	"render-timeout": () =>
	    `섬네일을 만드는 데 시간이 너무 오래 걸렸습니다. ${again}`,
	"poison": () => "이전에 이 사진을 읽지 못한 적이 있어 다시 시도하지 않습니다. "
	    + another,
	"rate-limited": () => `짧은 시간에 너무 많이 올렸습니다. ${again}`,
	"overloaded": () => `지금은 서비스가 너무 바쁩니다. ${again}`,
	"offline": p => p.until
	    ? `${moment(p.until) ? `${moment(p.until)}까지` : "지금은"
	        } 서비스를 쉽니다${p.reason ? `: ${p.reason}` : "."}`
	    : "지금은 사진을 저장할 수 없습니다. 운영자가 먼저 조치해야 합니다.",
	"storage-full": () =>
	    "서비스에 남은 공간이 없습니다. 운영자가 먼저 조치해야 합니다.",
	"internal": () => `서비스 내부에서 문제가 생겼습니다. ${again}`,
	"worker-lost": () =>
	    `이 사진을 읽는 도중에 서비스가 끊겼습니다. ${again}`,
	"too-slow": () => `서비스의 응답이 너무 늦습니다. ${again}`,
	/* The page's own: */
	"network": p => `전송이 끝나기 전에 연결이 끊겼${p.large
	    ? "거나, 파일이 서비스의 한도보다 큽니다" : "습니다"}. ${again}`,
	"stalled": () => `연결이 멈추어 더 이상 전송되지 않습니다. ${again}`,
	"folder": () => "폴더입니다. 폴더 안의 사진을 끌어다 놓아 주세요.",
	"gone": () => "서비스에 이 사진이 (더 이상) 없습니다.",
	"cancelled": () => "취소했습니다.",
	"strange": p => "이 서비스의 응답이 아닙니다"
	    + `${p.status ? ` (상태 ${p.status})` : ""}. ${again}`,
};

const formats = "JPEG, PNG, GIF, WebP, AVIF, HEIC, TIFF, BMP";

export const words = {
	refusals,
	otherRefusal: p => `거절되었습니다: ${p.detail || p.title || p.code}`,
	copied: "복사됨",
	byHand: "이 브라우저에서는 페이지가 대신 복사할 수 없습니다. 선택된 텍스트를 "
	    + "직접 복사해 주세요.",
	copiedWhat: what => `복사했습니다: ${what}`,
	upload: {
		pasted: "붙여 넣은 사진",
		added: n => `사진 ${counted("장")(n)}을 추가했습니다.`,
		progressOf: name => `${name} 진행률`,
		waiting: n => `대기 중 · ${bytes(n)}`,
		pausing: "서비스의 요청에 따라 기다리는 중",
		sending: (share, n) =>
		    `전송 중 · ${bytes(n)} 중 ${Math.floor(100 * share)}%`,
		rendering: "섬네일 만드는 중…",
		cancel: "취소",
		again: "다시 시도",
		sendAgain: "다시 올리기",
		summary: ({ ready, all, refused, removed }) => [
			all && `${all}장 중 ${ready}장 완료`,
			refused && `${refused}장 실패`,
			removed && `${removed}장 삭제`].filter(Boolean).join(" · "),
		news: (name, text) => `${name}: ${text}`,
		ready: name => `${name}: 완료되었습니다.`,
	},
	card: {
		thumbnailOf: name => `${name}의 섬네일`,
		of: name => name,
		copyAddress: "주소 복사",
		mainOf: name => `${name}의 주소`,
		copyMarkdown: "마크다운 복사",
		markdownOf: name => `${name}의 마크다운`,
		copyHtml: "HTML 복사",
		htmlOf: name => `${name}의 HTML`,
		more: "더 보기",
		ofOriginal: "(원본 대비)",
		save: "저장",
		copy: "복사",
		addressOf: (file, name) => `${name} ${file}의 주소`,
		existed: "이미 있던 사진",
		remove: "삭제",
		stays: "여러 번 올라온 사진이라 여기서는 삭제할 수 없습니다. 서비스 "
		    + "운영자만 삭제할 수 있습니다.",
		deleted: "삭제했습니다",
		deletedNews: (name, n) => `${name}: 삭제했습니다. ${n}초 안에 되돌릴 수 `
		    + "있습니다.",
		undo: "되돌리기",
		undoOf: name => `${name} 삭제`,
		deleting: "삭제 중…",
		removed: "삭제했습니다. 다른 사람도 같은 사진을 올렸다면 그 사람의 "
		    + "사진은 남습니다.",
		removedNews: name => `${name}: 완전히 삭제했습니다.`,
		notRemoved: text => `삭제하지 못했습니다. ${text}`,
	},
	mine: {
		none: "이 브라우저에서 올린 사진이 아직 없습니다.",
	},
};
