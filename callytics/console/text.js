// The words of the console, Korean and English. A test holds that both languages have every word.

const EN = {
  calls: "Calls", stages: "Operations", sign_in: "Sign in", sign_out: "Sign out", help: "Keys", theme: "Light or dark",
  api_key: "API key", sign_in_hint: "`callytics keys create` makes one; `callytics open` signs in without.",
  signing_in: "Signing in …", loading: "Loading …", nothing: "No calls yet. Drop recordings here.",
  nothing_found: "No call matches.", more: "More", search: "Search what was said", status: "Status", language: "Language",
  agent: "Agent", queue: "Queue", any: "any", upload: "Upload recordings", drop: "Drop recordings to upload",
  uploaded: "uploaded", duplicate: "already here", date: "Date", length: "Length", call: "Call", selected: "selected",
  delete: "Delete", delete_sure: "Delete these calls, with recordings and results?", export: "Export",
  QUEUED: "waiting", PROCESSING: "at work", IN_PROGRESS: "at work", COMPLETED: "done", PARTIAL: "partly done",
  FAILED: "failed", CANCELLED: "cancelled", AGENT: "Agent", CUSTOMER: "Customer", OTHER: "Other", UNKNOWN: "Unknown",
  POSITIVE: "positive", NEUTRAL: "neutral", NEGATIVE: "negative",
  no_server: "The server does not answer. Trying again …", not_ready: "The result is not there yet.",
  play: "Play", pause: "Pause", speed: "Speed", skip_silence: "Skip silence", position: "Position",
  timeline: "Who speaks when, and how it sounds", transcript: "Transcript", findings: "Findings", summary: "Summary",
  issue: "Issue", outcome: "Outcome", still_open: "Still open", resolved: "Resolved", yes: "yes", no: "no",
  unclear: "unclear", tasks: "To do", due: "due", topic: "Topic", quality: "Communication of the agent",
  of_criteria: "by {n} criteria", lapses: "Lapses", better: "better", words: "Words", mood: "Mood", talk: "Talk",
  talk_share: "share of talk", words_per_minute: "words a minute", interruptions: "interruptions", silence: "silence",
  flags: "Remarks", dropped: "Recognised, and judged as not spoken", uncertain: "uncertain", low_confidence: "recognised with doubt",
  redacted: "redacted", copy_link: "Copy a link to this second", copied: "Copied", edit: "Correct", save: "Save",
  cancel: "Cancel", swap_roles: "Swap agent and customer", history: "Corrections", undo: "Undo", undone: "undone",
  recording: "Recording", name: "Name", healthy: "healthy", unhealthy: "not healthy", stage: "Stage", replicas: "Replicas",
  version: "Version", model: "Model", last_error: "Last error", error: "Error", shown: "shown", not_shown: "not shown",
  not_recorded: "not recorded", not_applicable: "does not apply", back: "All calls", retry: "Try again", at_turn: "turn",
  greeting: "Greeting", empathy: "Empathy", clarity: "Clarity", listening: "Listening", closing: "Closing",
  politeness: "Politeness", key_search: "search", key_move: "next and previous", key_open: "open", key_play: "play or pause",
  key_seek: "5 s back and on", key_turn: "previous and next turn", key_speed: "slower and faster", key_link: "copy a link",
  key_back: "back to the calls", key_help: "these keys", key_upload: "upload", key_edit: "correct the turn", close: "Close",
  // a call: waveform, lines, fixing
  loop_turn: "Repeat the turn", no_sound: "The recording cannot be played.", whole_result: "Whole result: json",
  cleaned_recording: "Recording, cleaned", not_copied: "Not copied: the link is in the address bar.", lines: "Mood, pitch and loudness",
  pitch_change: "Pitch, semitones", loudness_change: "Loudness, dB", as_table: "As a table", speaker: "Speaker", marks: "Marks",
  overlap: "both at once", interruption: "interruption", first_rows: "The first {n} of {of}.", corrected: "corrected",
  mood_corrected: "mood corrected", raised_voice: "raised voice", possible_irony: "possible irony", announcement: "announcement",
  split: "Split …", split_hint: "Choose the word with which the second turn begins.", second_speaker: "Who says the second turn",
  join_with: "Join with {turn}, {who}", turn_changed: "The call was analysed again and this is another turn now. Your text is not saved:",
  edit_summary: "Correct the summary", task_owner: "Who does it", add_task: "Add a task", remove: "Remove", people: "Participants", role: "Role",
  kind_words: "Words", kind_speaker_name: "Name", kind_turn_speaker: "Speaker", kind_split: "Split", kind_merge: "Joined", kind_mood: "Mood",
  kind_summary: "Summary", not_applied: "not in the result", superseded: "replaced by a later one", nothing_to_undo: "There is nothing to undo.",
  lost_corrections: "Corrections that no longer fit this result: {n}. See Corrections.", key_undo: "undo the last correction",
  key_ends: "begin and end, on the waveform", key_page: "30 s back and on, on the waveform",
  reason_no_turn_there: "nothing is said there now", reason_turn_has_other_bounds: "the turn begins or ends elsewhere now",
  reason_no_word_there: "no word begins there now", reason_redacted_words_changed: "what is redacted there has changed",
  reason_no_participant_there: "this participant is not there now", reason_turn_not_judged: "an announcement has no mood",
  reason_stage_failed: "this part of the analysis failed", reason_identifies: "it names a person, and the call is redacted",
  reason_kind_unknown: "this version does not know this kind of correction",
  dropped_no_speech: "probably no speech", dropped_repetition: "a loop", dropped_implausible_rate: "faster than a person speaks",
  dropped_set_phrase: "a usual phrase for silence or music", dropped_low_confidence: "too much doubt", dropped_crosstalk: "the other party, heard here",
  refused: "refused", not_allowed: "Your key does not allow this.",
  // The list and the overview.
  overview: "Overview", views: "Views", view_name: "Name of this view", copy_view: "Copy a link to this view",
  views_hint: "Named views stay in this browser. The address holds the whole view.", clear_filters: "Clear the filters",
  first_page: "First page", next_page: "Next page", more_filters: "More filters", take_away: "Take the filter away",
  from_day: "From", to_day: "To", mood_start: "Mood at the start", mood_end: "Mood at the end", mood_change: "Change of mood",
  mood_unknown: "Mood not known", direction_BETTER: "gets better", direction_SAME: "stays", direction_WORSE: "gets worse",
  quality_short: "Quality", quality_from: "Quality from", quality_before: "Quality below", flag: "Remark",
  resolved_YES: "solved", resolved_NO: "not solved", resolved_UNKNOWN: "not known", earlier_result: "earlier result",
  without: "Without", duration_from_s: "Length from", duration_before_s: "Length below",
  called_from: "From", called_before: "Before", created_from: "Uploaded from", created_before: "Uploaded before",
  started_from: "Took place from", started_before: "Took place before", agent_id: "Agent", external_id: "Own name",
  direction: "Direction", last_days: "Last {n} days", no_value: "no value", small_n: "few calls", before: "Before",
  against: "compared with", no_calls_then: "No calls in this period, nor in the one before.",
  intervals_are: "Ranges are 95 % intervals (means: Student, shares: Wilson, changes: Newcombe); figures of fewer than {n} calls are marked.",
  volume: "Calls by day", reasons: "Reasons for calls", by_agent: "By agent", by_queue: "By queue", mean: "Mean",
  median: "median", minutes: "min", ended: "ended", change: "Change", without_topic: "no topic", without_agent: "no agent",
  without_queue: "no queue", findings_EARLIER: "of an earlier result", findings_NONE: "without a result", ANY: "any",
  CURRENT: "of the last run", EARLIER: "of an earlier run", NONE: "none",
};

const KO = {
  calls: "통화", stages: "운영", sign_in: "로그인", sign_out: "로그아웃", help: "단축키", theme: "밝게/어둡게",
  api_key: "API 키", sign_in_hint: "`callytics keys create`로 키를 만들 수 있고, `callytics open`은 키 없이 로그인합니다.",
  signing_in: "로그인하는 중 …", loading: "불러오는 중 …", nothing: "아직 통화가 없습니다. 녹음 파일을 여기에 놓으세요.",
  nothing_found: "조건에 맞는 통화가 없습니다.", more: "더 보기", search: "통화 내용 검색", status: "상태", language: "언어",
  agent: "상담원", queue: "대기열", any: "전체", upload: "녹음 올리기", drop: "녹음 파일을 놓으면 올라갑니다",
  uploaded: "올렸습니다", duplicate: "이미 있는 통화입니다", date: "날짜", length: "길이", call: "통화", selected: "개 선택",
  delete: "삭제", delete_sure: "선택한 통화를 녹음과 결과까지 모두 삭제할까요?", export: "내보내기",
  QUEUED: "대기 중", PROCESSING: "분석 중", IN_PROGRESS: "분석 중", COMPLETED: "완료", PARTIAL: "일부 완료",
  FAILED: "실패", CANCELLED: "취소됨", AGENT: "상담원", CUSTOMER: "고객", OTHER: "기타", UNKNOWN: "알 수 없음",
  POSITIVE: "긍정", NEUTRAL: "중립", NEGATIVE: "부정",
  no_server: "서버가 응답하지 않습니다. 다시 시도하는 중 …", not_ready: "아직 결과가 없습니다.",
  play: "재생", pause: "멈춤", speed: "속도", skip_silence: "무음 건너뛰기", position: "위치",
  timeline: "누가 언제 어떤 감정으로 말했는지", transcript: "대화 내용", findings: "분석 결과", summary: "요약",
  issue: "문의 내용", outcome: "처리 결과", still_open: "남은 일", resolved: "해결 여부", yes: "해결됨", no: "해결 안 됨",
  unclear: "불분명", tasks: "할 일", due: "기한", topic: "주제", quality: "상담원의 소통",
  of_criteria: "{n}개 항목 기준", lapses: "지적 사항", better: "바른 표현", words: "단어", mood: "감정", talk: "대화",
  talk_share: "말한 비율", words_per_minute: "분당 단어", interruptions: "끼어들기", silence: "무음",
  flags: "참고", dropped: "인식했으나 실제 말이 아닌 것으로 본 부분", uncertain: "불확실", low_confidence: "확신이 낮은 인식",
  redacted: "가림", copy_link: "이 시점의 링크 복사", copied: "복사했습니다", edit: "고치기", save: "저장",
  cancel: "취소", swap_roles: "상담원과 고객 바꾸기", history: "고친 내역", undo: "되돌리기", undone: "되돌림",
  recording: "녹음", name: "이름", healthy: "정상", unhealthy: "이상", stage: "단계", replicas: "복제본",
  version: "버전", model: "모델", last_error: "마지막 오류", error: "오류", shown: "확인됨", not_shown: "확인 안 됨",
  not_recorded: "녹음되지 않음", not_applicable: "해당 없음", back: "모든 통화", retry: "다시 시도", at_turn: "발화",
  greeting: "인사", empathy: "공감", clarity: "명확성", listening: "경청", closing: "마무리",
  politeness: "공손함", key_search: "검색", key_move: "다음, 이전", key_open: "열기", key_play: "재생, 멈춤",
  key_seek: "5초 뒤로, 앞으로", key_turn: "이전, 다음 발화", key_speed: "느리게, 빠르게", key_link: "링크 복사",
  key_back: "통화 목록으로", key_help: "단축키 보기", key_upload: "올리기", key_edit: "발화 고치기", close: "닫기",
  // 통화 화면: 파형, 선, 고치기
  loop_turn: "발화 반복", no_sound: "녹음을 재생할 수 없습니다.", whole_result: "전체 결과: json",
  cleaned_recording: "잡음을 줄인 녹음", not_copied: "복사하지 못했습니다. 링크는 주소창에 있습니다.", lines: "감정, 음높이, 크기",
  pitch_change: "음높이(반음)", loudness_change: "크기(dB)", as_table: "표로 보기", speaker: "화자", marks: "표시",
  overlap: "동시 발화", interruption: "끼어들기", first_rows: "{of}개 중 처음 {n}개입니다.", corrected: "고침",
  mood_corrected: "감정 고침", raised_voice: "높아진 목소리", possible_irony: "반어 가능성", announcement: "안내 방송",
  split: "나누기 …", split_hint: "두 번째 발화가 시작되는 단어를 고르세요.", second_speaker: "두 번째 발화의 화자",
  join_with: "{turn}({who})와 합치기", turn_changed: "통화가 다시 분석되어 다른 발화가 되었습니다. 입력한 내용은 저장되지 않았습니다:",
  edit_summary: "요약 고치기", task_owner: "담당", add_task: "할 일 추가", remove: "지우기", people: "참여자", role: "역할",
  kind_words: "단어", kind_speaker_name: "이름", kind_turn_speaker: "화자", kind_split: "나눔", kind_merge: "합침", kind_mood: "감정",
  kind_summary: "요약", not_applied: "결과에 반영되지 않음", superseded: "나중 내용으로 바뀜", nothing_to_undo: "되돌릴 것이 없습니다.",
  lost_corrections: "고친 내용 {n}개가 이 결과에 맞지 않습니다. 고친 내역을 보세요.", key_undo: "마지막 고침 되돌리기",
  key_ends: "파형에서 처음과 끝", key_page: "파형에서 30초 뒤로, 앞으로",
  reason_no_turn_there: "지금은 그 자리에 말이 없습니다", reason_turn_has_other_bounds: "발화의 시작이나 끝이 달라졌습니다",
  reason_no_word_there: "지금은 그 자리에서 시작하는 단어가 없습니다", reason_redacted_words_changed: "그 자리의 가린 내용이 달라졌습니다",
  reason_no_participant_there: "지금은 이 참여자가 없습니다", reason_turn_not_judged: "안내 방송에는 감정이 없습니다",
  reason_stage_failed: "이 부분의 분석이 실패했습니다", reason_identifies: "사람을 알 수 있는 내용인데 가리는 통화입니다",
  reason_kind_unknown: "이 버전이 모르는 종류의 고침입니다",
  dropped_no_speech: "말이 아닌 듯함", dropped_repetition: "반복된 인식", dropped_implausible_rate: "사람이 말할 수 없는 속도",
  dropped_set_phrase: "무음이나 음악에서 흔한 문구", dropped_low_confidence: "확신이 너무 낮음", dropped_crosstalk: "이 채널에 들린 상대방",
  refused: "거부됨", not_allowed: "이 키로는 할 수 없습니다.",
  // 목록과 현황.
  overview: "현황", views: "보기", view_name: "이 보기의 이름", copy_view: "이 보기의 링크 복사",
  views_hint: "이름 붙인 보기는 이 브라우저에 남습니다. 주소에는 보기 전체가 들어 있습니다.", clear_filters: "조건 지우기",
  first_page: "첫 페이지", next_page: "다음 페이지", more_filters: "조건 더 보기", take_away: "조건 빼기",
  from_day: "시작일", to_day: "종료일", mood_start: "시작 감정", mood_end: "끝 감정", mood_change: "감정 변화",
  mood_unknown: "감정을 알 수 없음", direction_BETTER: "나아짐", direction_SAME: "그대로", direction_WORSE: "나빠짐",
  quality_short: "품질", quality_from: "품질 이상", quality_before: "품질 미만", flag: "참고 코드",
  resolved_YES: "해결됨", resolved_NO: "해결 안 됨", resolved_UNKNOWN: "알 수 없음", earlier_result: "이전 결과",
  without: "없는 항목", duration_from_s: "길이 이상", duration_before_s: "길이 미만",
  called_from: "부터", called_before: "이전", created_from: "올린 때부터", created_before: "올린 때 이전",
  started_from: "통화 시각부터", started_before: "통화 시각 이전", agent_id: "상담원", external_id: "자체 이름",
  direction: "방향", last_days: "최근 {n}일", no_value: "값 없음", small_n: "통화 적음", before: "이전 기간",
  against: "비교 기간", no_calls_then: "이 기간과 이전 기간에 통화가 없습니다.",
  intervals_are: "범위는 95 % 구간입니다(평균: Student, 비율: Wilson, 변화: Newcombe). {n}건보다 적은 통화의 값은 표시합니다.",
  volume: "날짜별 통화", reasons: "통화 사유", by_agent: "상담원별", by_queue: "대기열별", mean: "평균",
  median: "중앙값", minutes: "분", ended: "끝 감정", change: "변화", without_topic: "주제 없음", without_agent: "상담원 없음",
  without_queue: "대기열 없음", findings_EARLIER: "이전 결과 기준", findings_NONE: "결과 없음", ANY: "전체",
  CURRENT: "마지막 분석", EARLIER: "이전 분석", NONE: "없음",
};

/** The topics of the default engine in Korean; a language model names others in its own words. */
const TOPICS_KO = {
  account: "계정", appointment: "예약", billing: "요금", cancellation: "해지", card_loss: "카드 분실",
  complaint: "불만", delivery: "배송", health: "건강", inquiry: "문의", insurance_claim: "보험 청구", loan: "대출",
  order: "주문", other: "기타", plan_change: "요금제 변경", public_service: "공공 서비스", refund: "환불",
  return_exchange: "반품, 교환", sales: "판매", survey: "설문", technical_support: "기술 지원",
};

const LANGUAGES = { en: EN, ko: KO };

export function language() {
  return localStorage.getItem("language") || (navigator.language.startsWith("ko") ? "ko" : "en");
}

export function setLanguage(code) {
  localStorage.setItem("language", code);
  document.documentElement.lang = code;
}

export function locale() {
  return language() === "ko" ? "ko-KR" : "en-GB";
}

/** The word in the language of the reader; a word that the console does not know (a topic, say) as it is. */
export function t(word, values = {}) {
  const words = LANGUAGES[language()];
  const text = Object.hasOwn(words, word) ? words[word] : String(word).replaceAll("_", " ");
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The topic of a call as people read it. */
export function topicName(topic) {
  if (language() === "ko" && Object.hasOwn(TOPICS_KO, topic)) return TOPICS_KO[topic];
  return String(topic).replaceAll("_", " ");
}
