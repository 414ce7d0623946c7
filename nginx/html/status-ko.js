/*
 * The status page's words in Korean. The service tells causes in English.
 */
export const status = {
	states: { online: "정상 운영 중", offline: "중단됨", planned: "예정된 점검 중",
	    unknown: "알 수 없음" },
	title: text => `${text} – 상태`,
	since: (at, span) => `${at}부터, ${span}째`,
	until: at => `${at}까지`,
	meanwhile: "그동안 사진을 올릴 수 없습니다. 섬네일은 그대로 볼 수 있으며, 시간이 "
	    + "지나면 저절로 끝납니다.",
	begun: "지켜보기 시작한 지 1분이 되지 않았습니다.",
	unwatched: at => `${at} 이후로 확인한 기록이 없습니다.`,
	unheard: at => `${at} 이후로 이 브라우저에 들어온 소식이 없습니다.`,
	lastWord: text => `마지막 상태: ${text}.`,
	mayWork: "멈춘 것은 확인하는 프로그램이며, 서비스 자체는 정상일 수 있습니다.",
	missing: "이 서비스를 지켜보는 프로그램이 없어 상태를 알 수 없습니다. 서비스 "
	    + "자체는 정상일 수 있습니다.",
	operator: "운영자라면: thumbctl probe가 한 번 확인하고, "
	    + "fcgi-thumb-probe.timer가 계속 확인합니다.",
	trouble: {
		network: "서버에서 응답이 없습니다.",
		odd: "받은 응답이 상태 정보가 아닙니다.",
		missing: "상태 정보가 더 이상 없습니다.",
	},
	shown: at => `아래는 ${at}에 받은 내용입니다.`,
	again: "1분마다 다시 확인합니다.",
	asOf: at => `${at} 기준입니다.`,

	today: "오늘",
	lastDay: "마지막으로 확인한 날",
	zone: (at, zone) => `서비스의 하루는 ${zone || "다른 시간대"} 기준이며, 이곳 `
	    + `시각으로 ${at}에 시작했습니다.`,
	allOnline: span => `지금까지 ${span} 내내 정상이었습니다.`,
	summed: (online, offline) => `정상 ${online}, 중단 ${offline}.`,
	ofThese: span => `이 중 예정된 점검은 ${span}입니다.`,
	uncounted: "오늘은 아직 집계된 시간이 없습니다.",
	stretch: {
		online: span => `정상 ${span}`,
		offline: span => `중단 ${span}`,
		planned: span => `예정된 점검 ${span}`,
		announced: span => `앞으로 있을 점검 ${span}`,
		uncounted: () => "집계되지 않음",
		coming: () => "아직 오지 않은 시간",
	},

	ofBudget: span => `하루에 허용된 중단 시간 ${span} 중`,
	usedUp: "모두 사용함",
	over: (all, more) => `오늘 ${all} 중단, 허용된 시간보다 ${more} 더`,
	ofTime: span => `최근 ${span}`,
	aim: share => `목표 ${share}`,
	failed: (errors, n) => `오늘 ${n}건 중 ${errors}건`,
	noRequests: "오늘은 아직 요청이 없습니다",
	p95: "어제와 오늘, 업로드 100건 중 95건이 이 시간 안에 끝남",
	noUploads: "최근 업로드 기록이 없습니다",

	version: name => name ? `버전 ${name}` : "알 수 없는 버전",
	when: { now: "진행 중", coming: "예정", past: "종료" },
	running: at => `${at}부터 계속`,
	plannedBreak: "예정된 점검",
	day: (at, span) => `${at}: 중단 ${span}`,
	dayOnline: at => `${at}: 내내 정상`,
	dayUnknown: at => `${at}: 집계되지 않음`,
	within: (n, all, span) => `${all} 중 ${n}일은 중단 시간이 ${span} 이하였습니다.`,
	causes: {
		"The service did not work as it should":
		    "서비스가 제대로 작동하지 않았습니다",
		"Photos could not be uploaded": "사진을 올릴 수 없었습니다",
		"New thumbnails could not be fetched":
		    "새 섬네일을 받을 수 없었습니다",
		"New thumbnails were not right": "새 섬네일이 올바르지 않았습니다",
		"Photos could not be deleted": "사진을 삭제할 수 없었습니다",
		"Many requests failed": "많은 요청이 실패했습니다",
		"Planned": "예정된 점검",
		"Nothing is known of this time, so it counts as offline":
		    "기록이 없어 중단된 것으로 봅니다",
	},
};
