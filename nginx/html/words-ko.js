/*
 * The pages' words in Korean.
 */
import { bytes, measures, moment, number } from "./figures.js";

const counted = unit => n => `${number(n)}${unit}`;
const pixels = n => `${number(n)}\u00a0px`;
const megapixels = (n, digits = 1) =>
	`${number(n / 1e6, digits)}\u00a0메가픽셀`;

/* " 이 사진은 99.3 메가픽셀이며, 여기서는 64 메가픽셀까지 올릴 수 있습니다." */
function against(problem, unit)
{
	const m = measures(problem, unit);

	if (!m)
		return "";
	return `${m.actual ? ` 이 사진은 ${m.actual}이며,` : ""} 여기서는 ${
	    m.limit}까지 올릴 수 있습니다.`;
}

function againstFiles(problem)
{
	const m = measures(problem, counted("장"));

	if (!m)
		return "";
	return `${m.actual ? ` ${m.actual}을 보냈지만,` : ""} ${
	    m.limit}까지 올릴 수 있습니다.`;
}

/* What to do, or what is done without anybody. */
const again = p => p.wait ? `${number(p.wait)}초 후에 다시 시도합니다.`
    : "다시 시도해 주세요.";
const smaller = "더 작은 사진으로 올려 주세요.";
const reload = "페이지를 새로 고친 뒤 다시 올려 주세요.";
const askOperator = "계속 안 되면 운영자에게 문의해 주세요.";
const tellOperator = "운영자에게 알려 주세요.";

/* What asks for more than a minute is told when. */
const later = p => p.seconds > 60
    ? `${moment(Date.now() + 1000 * p.seconds)} 이후에 다시 시도해 주세요.`
    : again(p);

const formats = "JPEG, PNG, GIF, WebP, AVIF, HEIC, TIFF, BMP";

/* What the service says that a file looks like. */
const kinds = {
	"a camera's raw file": "카메라 RAW 파일로",
	"a video": "동영상으로",
	"an icon (ICO)": "아이콘 파일로",
	"a Photoshop file": "포토샵 파일로",
	"a GIMP file": "GIMP 파일로",
	"a PDF document": "PDF 문서로",
	"a ZIP archive": "ZIP 압축 파일로",
	"a gzip archive": "gzip 압축 파일로",
	"a web page": "웹 페이지로",
	"a text file": "텍스트 파일로",
};

function looksLike({ detail })
{
	const kind = /^This looks like (.+?)\./.exec(detail)?.[1] ?? "";

	return Object.hasOwn(kinds, kind) ? `${kinds[kind]} 보입니다.`
	    : "여기서 읽을 수 있는 사진이 아닙니다.";
}

const refusals = {
	"bad-request": p => `서비스가 이 업로드를 처리하지 못했습니다. ${again(p)}`,
	"multipart-syntax": p => `전송한 내용이 온전히 도착하지 않았습니다. ${again(p)}`,
	"body-truncated": p => `전송이 도중에 끊겼습니다. ${again(p)}`,
	"no-file": p => `서비스에 사진이 도착하지 않았습니다. ${again(p)}`,
	"token-invalid": () =>
	    `이 페이지에서는 사진을 올릴 수 없습니다. ${reload} ${askOperator}`,
	"token-expired": () => `사진을 올릴 수 있는 시간이 지났습니다. ${reload}`,
	"banned": () => "이 사진은 여기에 올릴 수 없습니다. "
	    + "이유는 운영자에게 문의해 주세요.",
	"not-found": () => `이 주소에는 업로드 서비스가 없습니다. ${tellOperator}`,
	"method-not-allowed": () =>
	    `이 주소로는 사진을 올릴 수 없습니다. ${tellOperator}`,
	"body-timeout": p => `전송이 너무 느려서 중단되었습니다. ${again(p)}`,
	"body-too-large": p => `파일이 너무 큽니다.${against(p, bytes)} ${smaller}`,
	"photo-too-large": p => `파일이 너무 큽니다.${against(p, bytes)} ${smaller}`,
	"too-many-files": p => `한 번에 올린 사진이 너무 많습니다.${
	    againstFiles(p)} 나누어서 올려 주세요.`,
	"unsupported-format": p =>
	    `${looksLike(p)} ${formats} 형식의 사진을 올려 주세요.`,
	"corrupt-image": () => "사진 파일이 손상되어 읽을 수 없습니다. "
	    + "사진 앱에서 열어 새로 저장한 뒤 올려 주세요.",
	"too-many-pixels": p => `화소 수가 너무 많습니다.${
	    against(p, megapixels)} ${smaller}`,
	"side-too-long": p => `사진의 긴 변이 너무 깁니다.${
	    against(p, pixels)} ${smaller}`,
	"too-many-frames": p => `애니메이션의 프레임이 너무 많습니다.${
	    against(p, counted("프레임"))} 더 짧은 것으로 올려 주세요.`,
	"too-many-scans": p => `JPEG 스캔 수가 너무 많습니다.${
	    against(p, counted("회"))} 새로 저장해서 올려 주세요.`,
	"too-much-memory": () =>
	    `이 사진을 여는 데 메모리가 너무 많이 필요합니다. ${smaller}`,
	"render-timeout": p =>
	    `섬네일을 만드는 데 시간이 너무 오래 걸렸습니다. ${again(p)}`,
	"poison": () => "전에 이 사진을 읽지 못한 적이 있어 다시 시도하지 않습니다. "
	    + "JPEG 등 다른 형식으로 저장해서 올려 주세요.",
	"rate-limited": p => `짧은 시간에 너무 많이 올렸습니다. ${later(p)}`,
	"overloaded": p => `지금은 서비스가 너무 바쁩니다. ${later(p)}`,
	"offline": p => p.until
	    ? `${moment(p.until) ? `${moment(p.until)}까지` : "지금은"
	        } 서비스가 중단되었습니다${p.reason ? `: ${p.reason}` : "."}${
	        p.wait ? " · 그 뒤에 자동으로 이어서 올립니다." : ""}`
	    : `지금은 사진을 저장할 수 없습니다. ${p.wait ? again(p)
	        : "운영자가 먼저 조치해야 합니다."}`,
	"storage-full": () =>
	    "서비스에 저장 공간이 없습니다. 운영자가 먼저 조치해야 합니다.",
	"internal": p => `서비스 내부에서 문제가 생겼습니다. ${again(p)} ${askOperator}`,
	"worker-lost": p =>
	    `서비스가 이 사진을 읽는 도중에 중단되었습니다. ${again(p)}`,
	"too-slow": p => `서비스의 응답이 너무 늦습니다. ${again(p)}`,
	/* The page's own: */
	"network": p => `전송이 끝나기 전에 연결이 끊겼습니다. ${p.large
	    ? "파일이 서비스의 한도보다 클 수도 있습니다. " : ""}${again(p)}`,
	"stalled": p => `연결이 멈추어 더 이상 전송되지 않습니다. ${again(p)}`,
	"empty": () => "빈 파일입니다. 확인한 뒤 다시 골라 주세요.",
	"unreadable": () => "더 이상 읽을 수 없습니다. 옮겨졌거나 변경되었을 수 "
	    + "있습니다. 다시 골라 주세요.",
	"folder": p => p.limit ? `폴더가 너무 커서 사진 ${counted("장")(p.limit)}만 `
	    + "추가했습니다. 나머지는 따로 끌어다 놓아 주세요."
	    : "이 폴더에는 사진이 없습니다. 다른 폴더나 사진을 끌어다 놓아 주세요.",
	"gone": () => "서비스에 이 사진이 (더 이상) 없습니다.",
	"strange": p => "이 서비스의 응답이 아닙니다"
	    + `${p.status ? `(상태 코드 ${p.status})` : ""}. ${again(p)}`,
};

export const words = {
	refusals,
	otherRefusal: p => `거절되었습니다: ${p.detail || p.title || p.code}${
	    p.wait ? ` · ${again(p)}` : ""}`,
	copied: "복사됨",
	byHand: "이 브라우저에서는 페이지가 대신 복사할 수 없습니다. 선택된 텍스트를 "
	    + "직접 복사해 주세요.",
	copiedWhat: what => `복사했습니다: ${what}`,
	upload: {
		pasted: "붙여 넣은 사진",
		added: n => `사진 ${counted("장")(n)}을 추가했습니다.`,
		progressOf: name => `${name} 진행률`,
		waiting: n => `대기 중 · ${bytes(n)}`,
		asking: n => `이미 있는 사진인지 확인 중 · ${bytes(n)}`,
		sending: (share, n) =>
		    `전송 중 · ${bytes(n)} 중 ${Math.floor(100 * share)}%`,
		rendering: "섬네일 만드는 중…",
		offline: "연결되어 있지 않습니다. 다시 연결되면 이어서 올립니다.",
		online: "다시 연결되었습니다.",
		cancelled: "취소했습니다.",
		cancel: "취소",
		now: "지금 시도",
		again: "다시 시도",
		sendAgain: "다시 올리기",
		summary: ({ ready, all, refused, cancelled, removed }) => [
			all && `${all}장 중 ${ready}장 완료`,
			refused && `${refused}장 실패`,
			cancelled && `${cancelled}장 취소`,
			removed && `${removed}장 삭제`].filter(Boolean).join(" · "),
		news: (name, text) => `${name}: ${text}`,
		ready: "완료되었습니다.",
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
		unnamed: "이름 없는 사진",
		photos: n => `사진 ${counted("장")(n)}`,
		selected: n => `${counted("장")(n)} 선택됨`,
		selectedOf: (n, all) => `${counted("장")(all)} 중 ${
		    counted("장")(n)} 선택됨`,
		select: name => `${name} 선택`,
		opening: "불러오는 중…",
		gone: "이 사진은 더 이상 없습니다.",
		take: "목록에서 빼기",
		taken: name => `${name}: 목록에서 뺐습니다.`,
		more: n => `${counted("장")(n)} 더 보기`,
		shown: (n, all) => `사진 ${counted("장")(all)} 중 ${
		    counted("장")(n)}이 표시되었습니다.`,
		deleted: n => `${counted("장")(n)} 삭제됨`,
		notDeleted: (n, text) => `사진 ${
		    counted("장")(n)}을 삭제하지 못했습니다. ${text}`,
		ask: n => `사진 ${counted("장")(n)}을 목록에서 뺄까요? 사진은 그대로 `
		    + "남지만, 더 이상 여기서 삭제할 수 없습니다.",
		emptied: "목록을 비웠습니다. 사진은 그대로 남아 있습니다.",
	},
};
