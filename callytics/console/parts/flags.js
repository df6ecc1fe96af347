// The remarks that a result may have about its recording and its analysis, as people read them (docs/result.md).
import { language } from "../text.js";

const KO = {
  agent_channel_ignored: "상담원 채널 무시", analysis_fallback: "간이 분석", antiphase: "위상 반전", channels_mixed: "채널 섞임",
  claims_dropped: "근거 없는 내용 뺌", claims_unproven: "근거 부족", claims_unverified: "근거 미확인", clipping: "소리 깨짐",
  clock_drift: "채널 시간 어긋남", corrupt_frames: "손상된 구간", cut_end: "끝 잘림", cut_start: "시작 잘림", dc_offset: "직류 성분",
  doubtful_encoding: "부호화 의심", doubtful_sample_rate: "표본율 의심", dual_mono: "두 채널 동일", duplicate_channel: "중복 채널", format_changed: "형식 바뀜",
  gaps_filled: "빈 구간 채움", language_uncertain: "언어 불확실", low_level: "소리 작음", low_sample_rate: "표본율 낮음",
  low_snr: "잡음 많음", mixed_channel: "한 채널에 양쪽", mixed_languages: "언어 섞임", no_speech: "말 없음", noise_reduced: "잡음 줄임",
  non_finite_samples: "잘못된 표본", num_speakers_limited: "화자 수 제한", pii_redacted: "개인정보 가림", silent_channel: "무음 채널",
  speech_without_text: "글 없는 말",
  timestamps_wrong: "시간 오류", tone_missing: "어조 없음", track_left_out: "트랙 제외", truncated: "파일 잘림", wrong_number: "잘못 걸린 전화",
};

/** Every code, for the filter. One that a later version adds is found by its name in the address. */
export const FLAGS = Object.keys(KO);

export function flagName(code) {
  if (language() === "ko" && Object.hasOwn(KO, code)) return KO[code];
  return String(code).replaceAll("_", " ");
}
