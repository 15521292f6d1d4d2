export {
  formatCount,
  formatDuration,
  formatInstant,
  formatSetting,
  formatShare,
  formatShareRange,
  formatSize,
} from '../../numbers.js'
